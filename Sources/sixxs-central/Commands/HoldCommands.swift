internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `rollback`: an older generation, and the PoP stays on it.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Push an older generation to a PoP, and keep the PoP on it until it is released.",
        discussion: """
            Without a number, the generation that was confirmed before the present one. The registry is not \
            changed: mend it, then release the PoP.

            Examples:
              sixxs-central history chtst01
              sixxs-central rollback chtst01 41
              sixxs-central release chtst01
            """
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var pop: PoPName
    @Argument(help: "The generation; default: the one confirmed before.", transform: OptionParsers.generation)
    var generation: Int?

    func run() async throws {
        let store = try self.store.open()
        guard let pop = try await store.snapshot(of: .infrastructure).pop(named: self.pop) else {
            throw RegistryError.notFound(
                "there is no PoP \(self.pop); sixxs-central pop list shows those there are"
            )
        }
        let number = try await self.target(of: pop, in: store)
        let reason = "rollback to generation \(number)"
        try await store.hold([(pop.id, number)], by: Operator.name, reason)
        let round = Round(byHandIn: store, reason: reason)
        let outcome = try await round.runAlone(only: [self.pop], within: .seconds(60)).first
        guard let outcome, outcome.attempt.outcome.isSuccess else {
            throw RegistryError.unusable(
                "\(self.pop) is held on generation \(number), but does not have it yet: \(outcome?.attempt.detail ?? "")"
            )
        }
        StandardOutput.print(
            "\(self.pop) runs generation \(number) (\(outcome.attempt.detail)) and is held on it; "
                + "sixxs-central release \(self.pop) ends that"
        )
    }

    private func target(of pop: PoP, in store: any FleetStore) async throws -> Int {
        if let number = self.generation { return try await store.generation(number, of: pop.id).number }
        let present = try await store.histories()[pop.id]?.confirmedGeneration
        let past = try await store.generationSummaries(of: pop.id, limit: .max)
        guard let present, let target = past.first(where: { $0.number < present && $0.confirmed != nil })
        else {
            throw RegistryError.refused("\(self.pop) has no confirmed generation before the present one")
        }
        return target.number
    }
}

/// `release`: PoPs follow the registry again.
struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract:
            "Let PoPs follow the registry again that were held after a rollback or a wave that went wrong.",
        discussion: """
            The next round, or push, gives them what the registry has.

            Examples:
              sixxs-central release chtst01
              sixxs-central release --all && sixxs-central plan
            """
    )

    @OptionGroup var store: StoreOptions
    @Flag(help: "All that are held.") var all = false
    @Argument(help: "The PoPs.", transform: Parsers.popName) var pops: [PoPName] = []

    func validate() throws {
        guard self.all != !self.pops.isEmpty else { throw ValidationError("Say the PoPs, or --all.") }
    }

    func run() async throws {
        let store = try self.store.open()
        let pops = try await store.snapshot(of: .infrastructure)
        let histories = try await store.histories()
        let chosen = self.all ? pops.pops : try pops.selection(self.pops)
        let held = chosen.filter { histories[$0.id]?.hold != nil }
        guard !held.isEmpty else { return StandardOutput.print("None of them is held.") }
        try await store.release(held.map(\.id), by: Operator.name)
        StandardOutput.print(
            "\(held.map(\.name.description).joined(separator: ", ")) released; the next push gives them what the registry has"
        )
    }
}
