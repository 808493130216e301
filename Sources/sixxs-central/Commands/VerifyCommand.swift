internal import ArgumentParser
internal import Central
internal import Streams

/// `verify`: the rules of the registry, all of them again.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Check the registry's rules: overlaps, uniqueness, orphans, ranges; and whether the files are whole.",
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
        let answer = try await ProgressLine.show("verifying") { _ in
            try await VerifyRegistry().run(in: try self.store.look())
        }
        if self.output.json {
            let document = Document(violations: answer.violations, damage: answer.damage)
            StandardOutput.print(try JSONText.pretty(document))
        } else if answer.isWell {
            StandardOutput.print("All rules hold, and both files are intact.")
        } else {
            for problem in answer.damage + answer.violations { Terminal.complain("\(problem)") }
        }
        if !answer.isWell { throw ExitCode.failure }
    }
}
