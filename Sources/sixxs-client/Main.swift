import ArgumentParser
import Streams

/// The program's entry.
@main
enum Main {
    static func main() { Program(SixXSClient.self, label: "sixxs-client: ", usageStatus: 2).run() }
}
