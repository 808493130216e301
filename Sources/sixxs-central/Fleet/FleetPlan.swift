internal import Wire

/// What a push would change on the daemons as they are now.
struct FleetPlan: Sendable {
    /// One PoP's part.
    struct Item: Sendable {
        let pop: PoP

        /// In which wave it gets the registry's change; nil when the registry did not change.
        let wave: Wave?
        let hold: Hold?

        /// The lines that differ, `+`, `-` or `~` before each; or why nobody knows.
        let changes: Result<[String], ConnectionFailure>

        /// Why a push would be stopped, or nil.
        let objection: String?
    }

    /// By name.
    let items: [Item]

    /// Asks the daemons.
    ///
    /// - Throws: ``RegistryError`` when the registry holds what a daemon would refuse.
    init(_ plan: PushPlan, from store: any FleetStore, through connector: some DaemonConnector) async throws {
        let waves = plan.waves.flatMap { wave, items in
            items.map { (wave: $0.isChange ? wave : nil, item: $0) }
        }
        var items: [Item] = []
        for chunk in stride(from: 0, to: waves.count, by: Round.width) {
            items += try await withThrowingTaskGroup(of: Item.self) { group in
                for (wave, item) in waves[chunk..<min(chunk + Round.width, waves.count)] {
                    group.addTask { try await Self.ask(item, wave, store, connector) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        self.items = items.sorted { $0.pop.name < $1.pop.name }
    }

    /// Whether a push would change anything, as far as the daemons answered.
    var hasChanges: Bool { self.items.contains { (try? $0.changes.get())?.isEmpty == false } }

    private static func ask(
        _ item: PushPlan.Item,
        _ wave: Wave?,
        _ store: any FleetStore,
        _ connector: some DaemonConnector
    ) async throws -> Item {
        let text = try await Self.text(for: item, store)
        let isForced = item.past.hold != nil
        do throws(ConnectionFailure) {
            let (lines, objection) = try await connector.converse(with: item.pop) {
                session throws(ConnectionFailure) in
                let guardian = MassChange(enabled: item.enabled)
                let report = try PoPReport(asking: session)
                let objection = isForced ? nil : guardian.objection(over: report, at: item.pop.name)
                return (try Self.difference(session, text), objection)
            }
            return Item(
                pop: item.pop,
                wave: wave,
                hold: item.past.hold,
                changes: .success(lines),
                objection: objection
            )
        } catch {
            return Item(
                pop: item.pop,
                wave: wave,
                hold: item.past.hold,
                changes: .failure(error),
                objection: nil
            )
        }
    }

    private static func text(for item: PushPlan.Item, _ store: any FleetStore) async throws -> String {
        if let number = item.past.hold?.generation {
            return try await store.generation(number, of: item.pop.id).text
        }
        return try item.rendering.get().text
    }

    private static func difference(
        _ session: any DaemonSession,
        _ text: String
    ) throws(ConnectionFailure) -> [String] {
        let reply = try session.request(ControlRequest.difference(text: text), named: "config diff")
        guard reply.isSuccess, let lines = reply.lines else {
            throw .refused(.request("config diff"), reply: "\(reply.code) \(reply.text)")
        }
        // The last line counts the others.
        return Array(lines.dropLast())
    }
}
