internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `plan`: what a push would change.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a push would change on the running daemons, field by field.",
        discussion: """
            Asks the daemons themselves, so that what was changed by hand on a PoP shows too. A line a tunnel, subnet \
            or setting: + comes, - goes, ~ changes, from what to what; passwords are not shown. Of a PoP that is held \
            it also says what unhold would bring. Exit status: 0 nothing would change, 2 something would, 1 a \
            daemon could not be asked.

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
        let plan = try await ProgressLine.show("asking the daemons") { progress in
            try await PlanPush(pops: self.pops).run(in: try self.store.look(), progress: progress)
        }
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
            if documents.isEmpty {
                StandardOutput.print(
                    "No PoP is enabled: see sixxs-central pop list; pop set NAME --enable enables one."
                )
            }
        }
        if documents.contains(where: { $0.error != nil }) { throw ExitCode.failure }
        if plan.hasChanges { throw ExitCode(2) }
    }

    private static func show(_ document: PlanDocument) {
        if let error = document.error { return Terminal.complain("\(document.pop): \(error)") }
        StandardOutput.print(PrintedText(rows: document.lines))
    }
}
