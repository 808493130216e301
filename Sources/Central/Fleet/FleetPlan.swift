internal import Wire

/// What a push would change on the daemons as they are now.
package struct FleetPlan: Sendable {
    /// One PoP's part.
    package struct Item: Sendable {
        package let pop: PoP

        /// In which wave it gets the registry's change; nil when the registry did not change.
        package let wave: Wave?
        package let hold: Hold?

        /// The lines that differ, `+`, `-` or `~` before each; or why nobody knows.
        package let changes: Result<[String], ConnectionFailure>

        /// Why a push would be stopped, or nil.
        package let rejection: String?
    }

    /// By name.
    package let items: [Item]

    /// Asks the daemons.
    ///
    /// - Throws: ``RegistryError`` when the registry holds what a daemon would refuse.
    package init(
        _ plan: PushPlan,
        from store: FleetStore,
        through connector: some DaemonConnector
    ) async throws {
        let waves = plan.waves.flatMap { wave, items in
            items.map { (wave: $0.isChange ? wave : nil, item: $0) }
        }
        let answers = await boundedConcurrency(over: waves) { wave, item in
            do {
                return Result<Item, any Error>.success(try await Self.ask(item, wave, store, connector))
            } catch {
                return .failure(error)
            }
        }
        let items = try answers.map { try $0.get() }
        self.items = items.sorted { $0.pop.name < $1.pop.name }
    }

    /// Whether a push would change anything, as far as the daemons answered.
    package var hasChanges: Bool { self.items.contains { (try? $0.changes.get())?.isEmpty == false } }

    private static func ask(
        _ item: PushPlan.Item,
        _ wave: Wave?,
        _ store: FleetStore,
        _ connector: some DaemonConnector
    ) async throws -> Item {
        let text = try await Self.text(for: item, store)
        var rejection: String?
        let changes: Result<[String], ConnectionFailure>
        do throws(ConnectionFailure) {
            let (lines, found) = try await connector.converse(with: item.pop) {
                session throws(ConnectionFailure) in
                let report = try ReceivedReport(asking: session, expecting: item.reportExpectation)
                let found = MassChangeGuard(enabled: item.enabled).rejection(over: report, at: item.pop.name)
                return (try Self.difference(session, text), found)
            }
            rejection = item.history.hold == nil ? found : nil
            changes = .success(lines)
        } catch {
            changes = .failure(error)
        }
        return Item(
            pop: item.pop,
            wave: wave,
            hold: item.history.hold,
            changes: changes,
            rejection: rejection
        )
    }

    private static func text(for item: PushPlan.Item, _ store: FleetStore) async throws -> String {
        if let number = item.history.hold?.generation {
            return try await store.rounds.generation(number, of: item.pop.id).text
        }
        return try item.rendering.get().text
    }

    private static func difference(
        _ session: any DaemonSession,
        _ text: String
    ) throws(ConnectionFailure) -> [String] {
        let reply = try session.request(
            ControlRequest.difference(text: text),
            named: "config diff",
            upTo: .difference
        )
        guard reply.isSuccess, let lines = reply.lines else {
            throw .refused(.request("config diff"), reply: "\(reply.code) \(reply.text)")
        }
        // The last line counts the others.
        return Array(lines.dropLast())
    }
}
