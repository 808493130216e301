package import Wire

/// What a push would change on the daemons as they are now.
package struct FleetPlan: Sendable {
    /// One PoP's part.
    package struct Item: Sendable {
        package let pop: PoP

        /// In which wave it gets the registry's change; nil when the registry did not change.
        package let wave: Wave?
        package let hold: Hold?

        /// What the next push would change; or why nobody knows.
        package let changes: Result<[ConfigurationItemChange], ConnectionFailure>

        /// How many tunnels a push would take away, when that is too many not to be asked for.
        package let excess: (losses: Int, of: Int)?

        /// Why a push would be stopped, or nil.
        package var rejection: String? {
            self.excess.map { MassChangeGuard.words(losses: $0.losses, of: $0.of, at: self.pop.name) }
        }

        /// What a push would change once the PoP is released; nil for one that is not held, and while nobody knows.
        package let release: Release?
    }

    /// What becomes of a PoP that is held when it follows the registry again.
    package struct Release: Sendable {
        package let changes: [ConfigurationItemChange]

        /// Why that push would be stopped, or nil.
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
        through connector: some DaemonConnector,
        progress: (@Sendable (_ done: Int, _ count: Int) -> Void)? = nil
    ) async throws {
        let waves = plan.waves.flatMap { wave, items in
            items.map { (wave: $0.isChange ? wave : nil, item: $0) }
        }
        var done = 0
        let answers = await boundedConcurrency(over: waves) { wave, item in
            do {
                return Result<Item, any Error>.success(try await Self.ask(item, wave, store, connector))
            } catch {
                return .failure(error)
            }
        } goesOnAfter: { _ in
            done += 1
            progress?(done, waves.count)
            return true
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
        let hold = item.history.hold
        let registry = hold == nil ? try item.rendering.get().text : (try? item.rendering.get())?.text
        let held = try await Self.heldText(of: item, store)
        do throws(ConnectionFailure) {
            let answer = try await Self.differences(item, registry, held, connector)
            guard hold != nil else {
                return Item(
                    pop: item.pop,
                    wave: wave,
                    hold: nil,
                    changes: .success(answer.registry ?? []),
                    excess: answer.excess,
                    release: nil
                )
            }
            let rejection = answer.excess.map {
                MassChangeGuard.words(losses: $0.losses, of: $0.of, at: item.pop.name)
            }
            return Item(
                pop: item.pop,
                wave: wave,
                hold: hold,
                changes: .success(answer.held ?? []),
                excess: nil,
                release: answer.registry.map { Release(changes: $0, rejection: rejection) }
            )
        } catch {
            let changes = Result<[ConfigurationItemChange], ConnectionFailure>.failure(error)
            return Item(pop: item.pop, wave: wave, hold: hold, changes: changes, excess: nil, release: nil)
        }
    }

    /// What a daemon says of texts that it may be pushed; nil for those that are not there.
    private struct Differences: Sendable {
        let registry: [ConfigurationItemChange]?
        let held: [ConfigurationItemChange]?
        let excess: (losses: Int, of: Int)?
    }

    private static func differences(
        _ item: PushPlan.Item,
        _ registry: String?,
        _ held: String?,
        _ connector: some DaemonConnector
    ) async throws(ConnectionFailure) -> Differences {
        try await connector.converse(with: item.pop) { session throws(ConnectionFailure) in
            let report = try ReceivedReport(asking: session, expecting: item.reportExpectation)
            let running = try RunningConfiguration(asking: session)
            let isKept = item.patched.map {
                $0.generation == running.generation && $0.digests.contains(running.digest)
            }
            return Differences(
                registry: try registry.map { text throws(ConnectionFailure) in
                    try Self.difference(session, text)
                },
                // A PoP that is held keeps the endpoints that were changed there.
                held: try held.map { text throws(ConnectionFailure) in
                    isKept == true ? [] : try Self.difference(session, text)
                },
                excess: MassChangeGuard(enabled: item.enabled).excess(over: report)
            )
        }
    }

    /// What a PoP is held on; nil for one that is not held, or on nothing.
    private static func heldText(of item: PushPlan.Item, _ store: FleetStore) async throws -> String? {
        guard let number = item.history.hold?.generation else { return nil }
        return try await store.rounds.generation(number, of: item.pop.id).text
    }

    private static func difference(
        _ session: any DaemonSession,
        _ text: String
    ) throws(ConnectionFailure) -> [ConfigurationItemChange] {
        let reply = try session.request(
            ControlRequest.difference(text: text),
            named: "config diff",
            upTo: .difference
        )
        guard reply.isSuccess, let lines = reply.lines else {
            throw .refused(.request("config diff"), reply: "\(reply.code) \(reply.text)")
        }
        // The last line counts the others.
        return lines.dropLast().compactMap(ConfigurationItemChange.init(parsing:))
    }
}
