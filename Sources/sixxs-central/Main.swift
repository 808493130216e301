internal import Streams

/// The program's entry.
@main
enum Main {
    static func main() async {
        let program = Program(
            SixxsCentral.self,
            label: "sixxs-central: ",
            usageStatus: 2,
            misuse: CheckCommand.misuse
        )
        await program.runAsynchronously()
    }
}
