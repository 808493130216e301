internal import ArgumentParser

/// The program's entry: parses, runs, and turns every error into a line and an exit status.
@main
enum Main {
    static func main() async {
        do {
            var command = try SixxsCentral.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            Self.end(with: error)
        }
    }

    /// 0 for help, 1 for what failed, 2 for what was called wrongly.
    private static func end(with error: any Error) -> Never {
        if let code = error as? ExitCode { SixxsCentral.exit(withError: code) }
        switch SixxsCentral.exitCode(for: error) {
        case .success: SixxsCentral.exit(withError: error)
        case .validationFailure:
            Terminal.complain(SixxsCentral.fullMessage(for: error))
            SixxsCentral.exit(withError: ExitCode(2))
        default:
            Terminal.complain("sixxs-central: \(error)")
            SixxsCentral.exit(withError: ExitCode.failure)
        }
    }
}
