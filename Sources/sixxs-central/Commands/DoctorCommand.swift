internal import ArgumentParser
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
    @Argument(help: "The PoPs; default: all that are enabled.", transform: ArgumentText.popName) var pops:
        [PoPName] = []

    func run() async throws {
        let store = try self.store.open()
        let snapshot = try await store.snapshot(of: .infrastructure)
        let pops = try snapshot.selection(self.pops)
        let findings =
            try await self.examine(store, pops)
            + self.examine(pops, snapshot, try await store.pasts(), try await store.reportExpectations())
        if self.output.json {
            StandardOutput.print(try JSONText.pretty(findings))
        } else {
            for finding in findings { Self.show(finding) }
        }
        if findings.contains(where: { $0.level == .fail }) { throw ExitCode.failure }
    }

    /// The centre itself.
    private func examine(_ store: SQLiteStore, _ pops: [PoP]) async throws -> [Finding] {
        let path = self.store.database
        let initialise = "sixxs-central init --database \(path)"
        var findings = [path, SQLiteStore.samplesPath(beside: path)].map {
            FileExamination.secret($0, subject: "database", mendIfMissing: initialise)
        }
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
        findings.append(FileExamination.disk(of: path))
        findings += Set(pops.map(\.ssh.keyFile)).sorted().flatMap(FileExamination.key)
        findings.append(try await Self.lease(in: store))
        return findings
    }

    private static func lease(in store: SQLiteStore) async throws -> Finding {
        guard let holder = try await store.holder(of: .serve), holder.until > Date() else {
            let mend = "systemctl start sixxs-central, or sixxs-central serve"
            return .warn("rounds", "nobody makes them", mend: mend)
        }
        return .ok("rounds", "made by \(holder.name)")
    }

    private func examine(
        _ pops: [PoP],
        _ snapshot: FleetSnapshot,
        _ pasts: [Int: PoPPast],
        _ expectations: [Int: ReportExpectation]
    ) async -> [Finding] {
        let examinations = pops.map { pop in
            PoPExamination(
                pop: pop,
                past: pasts[pop.id] ?? PoPPast(),
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
        let store = try self.store.open()
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
