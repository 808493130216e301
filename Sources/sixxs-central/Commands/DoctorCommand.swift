internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `doctor`: problems, and how to fix them.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract:
            "Check keys, permissions, the database, the disk, clocks and every PoP; report problems and how to fix them.",
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
        let diagnosis = Diagnose(pops: self.pops, connects: !self.offline)
        let findings = try await ProgressLine.show("examining") { progress in
            try await diagnosis.run(at: self.store.location, through: SSHConnector(), progress: progress)
        }
        if self.output.json {
            StandardOutput.print(try JSONText.pretty(findings))
        } else {
            for finding in findings { Self.show(finding) }
        }
        if findings.contains(where: { $0.level == .fail }) { throw ExitCode.failure }
    }

    private static func show(_ finding: Finding) {
        let level = finding.level.rawValue.uppercased().padding(toLength: 5, withPad: " ", startingAt: 0)
        let mend: PrintedText = finding.mend.map { "\n     → \($0)" } ?? ""
        StandardOutput.print("\(level)\(finding.subject): \(finding.text)\(mend)")
    }
}
