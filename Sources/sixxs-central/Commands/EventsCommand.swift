internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `events`: what happened to PoPs and tunnels.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what happened: PoPs reachable or not, restarts, drift, tunnels up or down.",
        discussion: """
            The newest 50, unless --last or --since says otherwise; the newest comes last. --follow goes on with what \
            happens from then on, a line each (with --json an object each), until Ctrl-C.

            Examples:
              sixxs-central events chtst01 --since 1d
              sixxs-central events T12 T13 --follow
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var history: HistoryOptions
    @Flag(help: "Go on with new events as they come.") var follow = false
    @Argument(help: "PoPs and tunnels; default: everything.", transform: Subject.init(parsing:)) var subjects:
        [Subject] = []

    func run() async throws {
        let list = ListEvents(of: self.subjects, self.history.window)
        let centre = try self.store.look()
        guard self.follow else { return try self.show(try await list.run(in: centre)) }
        try await FollowEvents(list).run(in: centre) { answer in
            for event in answer.events { self.print(EventDocument(event, in: answer.fleet)) }
            return StandardOutput.isRead
        }
    }

    private func show(_ answer: ListEvents.Answer) throws {
        let documents = answer.events.map { EventDocument($0, in: answer.fleet) }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        var table = TextTable([
            .left("TIME"), .left("POP"), .left("TUNNEL"), .left("EVENT"), .prose("DETAIL"),
        ])
        for event in documents {
            table.append([event.time, event.pop, event.tunnel, event.kind, event.detail])
        }
        StandardOutput.print(table.printed(orElse: "Nothing happened."))
    }

    /// One event on a line of its own: a table would have to know those to come.
    private func print(_ event: EventDocument) {
        if self.output.json, let text = try? JSONText.line(event) {
            return StandardOutput.print(PrintedText(json: text))
        }
        let detail = event.detail.isEmpty ? "" : ": \(event.detail)"
        StandardOutput.print(
            "\(event.time)  \(event.pop ?? "-")  \(event.tunnel ?? "-")  \(event.kind)\(detail)"
        )
    }
}
