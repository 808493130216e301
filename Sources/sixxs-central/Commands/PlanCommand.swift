internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `plan`: what a push would change.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a push would change on the running daemons, line by line.",
        discussion: """
            Asks the daemons themselves, so that what was changed by hand on a PoP shows too. Exit status: 0 nothing \
            would change, 2 something would, 1 a daemon could not be asked.

            Examples:
              sixxs-central plan
              sixxs-central plan chtst01 && echo nothing to do
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The PoPs; default: all that are enabled.", transform: Parsers.popName) var pops:
        [PoPName] = []

    func run() async throws {
        let plan = try await PlanPush(pops: self.pops).run(in: try self.store.look())
        try PlanDocument.show(plan, self.output)
    }
}

extension PlanDocument {
    /// Prints a plan, and ends with the status that says whether anything would change.
    static func show(_ plan: FleetPlan, _ output: OutputOptions) throws {
        let documents = plan.items.map(PlanDocument.init)
        if output.json {
            StandardOutput.print(try JSONText.pretty(documents))
        } else {
            for document in documents { Self.show(document) }
        }
        if documents.contains(where: { $0.error != nil }) { throw ExitCode.failure }
        if plan.hasChanges { throw ExitCode(2) }
    }

    private static func show(_ document: PlanDocument) {
        if let error = document.error { return Terminal.complain("\(document.pop): \(error)") }
        let changes = document.changes ?? []
        let count = changes.count == 1 ? "1 change" : "\(changes.count) changes"
        let wave = document.wave.map { $0 == Wave.all.rawValue ? "" : ", wave \($0)" } ?? ""
        StandardOutput.print("\(document.pop): \(changes.isEmpty ? "nothing" : count + wave)")
        for change in changes { StandardOutput.print("  \(change)") }
        if let held = document.held { StandardOutput.print("  \(held)") }
        if let stopped = document.stopped { StandardOutput.print("  would be stopped: \(stopped)") }
    }
}
