import ArgumentParser
import Streams

/// The program's entry.
///
/// Capabilities belong to threads, so commands run on the first one.
@main
enum Main {
    static func main() { Program(Sixxsd.self, label: "sixxsd: ", usageStatus: 2).run() }
}
