internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `doctor`: what is wrong, and the mend.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract:
            "Look at keys, permissions, the database, the disk, clocks and every PoP; say what is wrong and the mend.",
        discussion: """
            Exit status: 0 nothing fails, 1 something does.

            Examples:
              sixxs-central doctor
              sixxs-central doctor chtst01
              sixxs-central doctor --offline --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Connect to no PoP.") var offline = false
    @Argument(help: "The PoPs; default: all that are enabled.", transform: Parsers.popName) var pops:
        [PoPName] = []

    func run() async throws {
        let findings = try await self.findings()
        if self.output.json {
            StandardOutput.print(try JSONText.pretty(findings))
        } else {
            for finding in findings { Self.show(finding) }
        }
        if findings.contains(where: { $0.level == .fail }) { throw ExitCode.failure }
    }

    /// Everything that can be found out: what cannot be read is a finding, and the rest is looked at nevertheless.
    ///
    /// - Throws: ``RegistryError/notFound(_:)`` for a PoP that was named and is not there.
    private func findings() async throws -> [Finding] {
        var findings = self.store.location.findings
        do {
            let store = try self.store.read()
            let snapshot = try await store.snapshot(of: .infrastructure)
            let pops = try snapshot.selection(self.pops)
            findings += await self.examine(store)
            findings += Set(pops.map(\.ssh.keyFile)).sorted().flatMap(KeyExamination.findings)
            let histories = try await store.histories()
            findings += await self.examine(pops, snapshot, histories, try await store.reportExpectations())
        } catch let error as RegistryError {
            if case .notFound = error { throw error }
            findings.append(.fail("registry", "\(error)", mend: Self.restore))
        }
        return findings
    }

    private static let restore =
        "what the line says, or stop the service and restore the last backup (docs/central.md)"

    /// The centre itself.
    private func examine(_ store: any FleetStore) async -> [Finding] {
        var findings: [Finding] = []
        do {
            findings += try await Self.rules(in: store)
            findings.append(try await Self.lease(in: store))
        } catch {
            findings.append(.fail("registry", "\(error)", mend: Self.restore))
        }
        return findings
    }

    private static func rules(in store: any FleetStore) async throws -> [Finding] {
        var findings: [Finding] = []
        let damage = try await store.damage()
        findings += damage.map {
            .fail("database", $0, mend: "stop the service and restore the last backup (docs/central.md)")
        }
        let violations = try await store.violations()
        findings += violations.map {
            .fail("registry", $0, mend: "mend it by hand: pushes are stopped until then")
        }
        if damage.isEmpty, violations.isEmpty {
            findings.append(.ok("registry", "whole, and all rules are kept"))
        }
        return findings
    }

    private static func lease(in store: any FleetStore) async throws -> Finding {
        guard let holder = try await store.holder(of: .serve), holder.until > Date() else {
            let mend = "systemctl start sixxs-central, or sixxs-central serve"
            return .warn("rounds", "nobody makes them", mend: mend)
        }
        return .ok("rounds", "made by \(holder.name)")
    }

    private func examine(
        _ pops: [PoP],
        _ snapshot: FleetSnapshot,
        _ histories: [Int: PoPHistory],
        _ expectations: [Int: ReportExpectation]
    ) async -> [Finding] {
        let examinations = pops.map { pop in
            PoPExamination(
                pop: pop,
                history: histories[pop.id] ?? PoPHistory(),
                hasTunnelPrefix: snapshot.tunnelPrefix(of: pop.id) != nil
            )
        }
        if self.offline { return examinations.flatMap(\.registryFindings) }
        let answers = await SSHConnector().ask(pops) { pop, session throws(ConnectionFailure) in
            try PoPExamination.Answer(of: pop, asking: session, expectations)
        }
        return zip(examinations, answers).flatMap { $0.registryFindings + $0.findings(of: $1) }
    }

    private static func show(_ finding: Finding) {
        let level = finding.level.rawValue.uppercased().padding(toLength: 5, withPad: " ", startingAt: 0)
        let mend: PrintedText = finding.mend.map { "\n     → \($0)" } ?? ""
        StandardOutput.print("\(level)\(finding.subject): \(finding.text)\(mend)")
    }
}

/// `verify`: the rules of the registry, all of them again.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Ask the registry's rules again: overlaps, uniqueness, orphans, ranges; and whether the files are whole.",
        discussion: """
            The same is asked before every round; one rule that is broken stops pushes, not forwarding. Exit status: \
            0 all is well, 1 something is broken.

            Example:
              sixxs-central verify
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    /// What `--json` prints.
    private struct Document: Encodable {
        let violations: [String]
        let damage: [String]
    }

    func run() async throws {
        let store = try self.store.read()
        let document = Document(violations: try await store.violations(), damage: try await store.damage())
        let isWell = document.violations.isEmpty && document.damage.isEmpty
        if self.output.json {
            StandardOutput.print(try JSONText.pretty(document))
        } else if isWell {
            StandardOutput.print("All rules are kept, and both files are whole.")
        } else {
            for problem in document.damage + document.violations { Terminal.complain("\(problem)") }
        }
        if !isWell { throw ExitCode.failure }
    }
}
