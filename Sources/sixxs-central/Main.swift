internal import Streams

/// The program's entry.
@main
enum Main {
    static func main() async {
        await Program(SixxsCentral.self, label: "sixxs-central: ", usageStatus: 2).runAsynchronously()
    }
}
