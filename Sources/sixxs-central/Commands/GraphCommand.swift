internal import ArgumentParser
internal import Central
internal import Foundation
internal import Graphs
internal import Streams
internal import Wire

/// `graph`: what a tunnel, a PoP or the fleet did over time, as a picture.
struct GraphCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Draw latency or traffic of a tunnel, a PoP or the fleet.",
        discussion: """
            Latency is the median of each step, coloured by how many probes were lost, in the band from 10 % to 90 % of \
            the round trips; lines below the axis stand for lost probes. Traffic is in bits a second, from users \
            above the axis and to them below. Nothing is drawn where nothing was measured. Times are UTC; steps are of \
            10 minutes for a day, of an hour for a week and a month, of a day for a year.

            The ending of the file says what it becomes. PNG is made by the program rsvg-convert (Debian: \
            librsvg2-bin, fonts-dejavu-core).

            Examples:
              sixxs-central graph T12 --out t12.svg
              sixxs-central graph chtst01 --what traffic --last week --out chtst01.png
              sixxs-central graph fleet --last year --theme dark --out fleet.svg
            """
    )

    /// What a graph is of.
    enum Target: Hashable, Sendable {
        case fleet
        case one(Subject)
    }

    /// What a file can be.
    private enum Format: String, CaseIterable {
        case svg
        case png
    }

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "A tunnel, a PoP, or fleet.", transform: Self.target) var target: Target
    @Option(help: "What is drawn.") var what = DrawGraph.Kind.latency
    @Option(help: "How far back it goes.") var last = GraphPeriod.day
    @Option(help: "Its colours.") var theme = GraphTheme.light
    @Option(help: "Where to: FILE.svg or FILE.png.", transform: OptionParsers.path) var out: String

    /// What `--json` prints of a graph.
    private struct Document: Encodable {
        let path: String
        let octets: Int
    }

    private static func target(_ text: String) throws -> Target {
        if text == "fleet" { return .fleet }
        guard let subject = try? Subject(parsing: text) else {
            throw SyntaxError(expected: "fleet, a PoP such as chtst01 or a tunnel such as T12", found: text)
        }
        return .one(subject)
    }

    private var format: Format? {
        Format.allCases.first { self.out.lowercased().hasSuffix(".\($0.rawValue)") }
    }

    func validate() throws {
        guard self.format != nil else {
            throw ValidationError("The file's name must end in .svg or .png.")
        }
    }

    func run() async throws {
        let converter = self.format == .png ? try ImageConverter() : nil
        let subject: Subject? = if case .one(let subject) = self.target { subject } else { nil }
        let graph = DrawGraph(self.what, of: subject, self.last, theme: self.theme)
        let svg = try await graph.run(in: try self.store.look())
        let octets = try await Interruptible.run { try await converter?.png(of: svg) } ?? Array(svg.utf8)
        try WholeFile.write(octets, to: self.out, mode: 0o644)
        guard self.output.json else {
            return StandardOutput.print("\(self.out): \(HumanFormat.octets(octets.count))")
        }
        StandardOutput.print(try JSONText.pretty(Document(path: self.out, octets: octets.count)))
    }
}

extension DrawGraph.Kind: ExpressibleByArgument {}
extension GraphPeriod: ExpressibleByArgument {}
extension GraphTheme: ExpressibleByArgument {}
