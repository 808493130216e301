internal import Foundation
internal import Wire

/// Looks at keys, permissions, the database, the disk, clocks and every PoP, for what is wrong.
package struct Diagnose: Sendable {
    /// Empty for all that are enabled.
    package let pops: [PoPName]

    /// Whether PoPs are connected to.
    package let connects: Bool

    private static let restore =
        "see the line above, or stop the service and restore the last backup (docs/central.md)"

    package init(pops: [PoPName], connects: Bool) {
        self.pops = pops
        self.connects = connects
    }

    /// Everything that can be found out: what cannot be read is a finding, and the rest is looked at nevertheless.
    ///
    /// - Throws: ``RegistryError/notFound(_:)`` for a PoP that was named and is not there.
    package func run(
        at location: StoreLocation,
        through connector: some DaemonConnector,
        progress: (@Sendable (_ done: Int, _ count: Int) -> Void)? = nil
    ) async throws -> [Finding] {
        var findings = location.findings
        do {
            let store = try location.read()
            let snapshot = try await store.registry.snapshot(of: .infrastructure)
            let pops = try snapshot.selection(self.pops)
            findings += await Self.examine(store)
            findings += Set(pops.map(\.ssh.keyFile)).sorted().flatMap(KeyExamination.findings)
            let examinations = try await Self.examinations(of: pops, snapshot, in: store)
            let expectations = try await store.reportExpectations()
            findings += await self.findings(of: examinations, expectations, connector, progress)
        } catch let error as RegistryError {
            if case .notFound = error { throw error }
            findings.append(.fail("registry", "\(error)", mend: Self.restore))
        }
        return findings
    }

    /// The centre itself.
    private static func examine(_ store: FleetStore) async -> [Finding] {
        var findings: [Finding] = []
        do {
            findings += try await Self.rules(in: store)
            findings.append(try await Self.lease(in: store))
        } catch {
            findings.append(.fail("registry", "\(error)", mend: Self.restore))
        }
        return findings
    }

    private static func rules(in store: FleetStore) async throws -> [Finding] {
        var findings: [Finding] = []
        let damage = try await store.upkeep.damage()
        findings += damage.map {
            .fail("database", $0, mend: "stop the service and restore the last backup (docs/central.md)")
        }
        let violations = try await store.registry.violations()
        findings += violations.map {
            .fail("registry", $0, mend: "fix it by hand: nothing is pushed until then")
        }
        if damage.isEmpty, violations.isEmpty {
            findings.append(.ok("registry", "intact, and all rules hold"))
        }
        return findings
    }

    private static func lease(in store: FleetStore) async throws -> Finding {
        guard let holder = try await store.rounds.holder(of: .serve), holder.until > Date() else {
            let mend = "systemctl start sixxs-central, or sixxs-central serve"
            return .warn("rounds", "nobody makes them", mend: mend)
        }
        return .ok("rounds", "made by \(holder.name)")
    }

    private static func examinations(
        of pops: [PoP],
        _ snapshot: FleetSnapshot,
        in store: FleetStore
    ) async throws -> [PoPExamination] {
        let histories = try await store.rounds.histories()
        return pops.map { pop in
            PoPExamination(
                pop: pop,
                history: histories[pop.id] ?? PoPHistory(),
                hasTunnelPrefix: snapshot.tunnelPrefix(of: pop.id) != nil
            )
        }
    }

    private func findings(
        of examinations: [PoPExamination],
        _ expectations: [Int: ReportExpectation],
        _ connector: some DaemonConnector,
        _ progress: (@Sendable (_ done: Int, _ count: Int) -> Void)?
    ) async -> [Finding] {
        guard self.connects else { return examinations.flatMap(\.registryFindings) }
        let answers = await connector.ask(examinations.map(\.pop), progress: progress) {
            pop,
            session throws(ConnectionFailure) in
            try PoPExamination.Answer(of: pop, asking: session, expectations)
        }
        return zip(examinations, answers).flatMap { $0.registryFindings + $0.findings(of: $1) }
    }
}
