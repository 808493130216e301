public import ArgumentParser
internal import Glibc

/// A program's beginning and end: every error becomes a line and an exit status.
public struct Program<Root: ParsableCommand>: Sendable {
    /// What stands before the line of an error that ends the program.
    private let label: PrintedText

    /// The status of a program that was called wrongly.
    private let usageStatus: Int32?

    /// What a command prints that says in its own way that it was called wrongly, and with which status it ends.
    private let misuse: Misuse?

    /// Takes the arguments and what is wrong with them; gives nil where the usual way is right.
    public typealias Misuse = @Sendable (_ arguments: [String], _ words: String) -> (PrintedText, Int32)?

    /// Creates what runs a program's commands.
    ///
    /// - Parameters:
    ///   - root: The command that has all others.
    ///   - label: What stands before the line of an error that ends the program.
    ///   - usageStatus: The status when it was called wrongly; nil for `EX_USAGE`.
    ///   - misuse: What a command prints on standard output that has its own way to say so.
    public init(
        _ root: Root.Type,
        label: PrintedText,
        usageStatus: Int32? = nil,
        misuse: Misuse? = nil
    ) {
        self.label = label
        self.usageStatus = usageStatus
        self.misuse = misuse
    }

    /// Parses the arguments and runs the command on the first thread.
    public func run() {
        StandardStreams.secure()
        var command = self.parse()
        do { try command.run() } catch { self.end(withRun: error) }
    }

    /// Parses the arguments and runs the command.
    public func runAsynchronously() async {
        StandardStreams.secure()
        var command = self.parse()
        do {
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            self.end(withRun: error)
        }
    }

    private func parse() -> any ParsableCommand {
        do { return try Root.parseAsRoot() } catch { self.end(with: error) }
    }

    /// Ends with what a command threw that was called rightly: its usage says nothing about that.
    private func end(withRun error: any Error) -> Never {
        guard let misuse = error as? ValidationError else { self.end(with: error) }
        StandardError.print("Error: \(misuse.message)")
        exit(self.usageStatus ?? Root.exitCode(for: misuse).rawValue)
    }

    /// 0 for help, 1 for what failed, the usage status for what was called wrongly, or what the command says.
    private func end(with error: any Error) -> Never {
        if let code = error as? ExitCode { exit(code.rawValue) }
        let code = Root.exitCode(for: error)
        let arguments = Array(CommandLine.arguments.dropFirst())
        if code == .validationFailure, let (line, status) = self.misuse?(arguments, Root.message(for: error))
        {
            StandardOutput.print(line)
            exit(status)
        }
        switch code {
        case .success:
            // Help about a command that there is not.
            if let unknown = UnknownWord(on: arguments, of: Root.self, commandsOnly: true) {
                StandardError.print(unknown.message)
                exit(self.usageStatus ?? ExitCode.validationFailure.rawValue)
            }
            StandardOutput.print(PrintedText(lines: Root.fullMessage(for: error)))
        case .validationFailure:
            let unknown = UnknownWord(on: arguments, of: Root.self)
            let message = NegativeNumber.message(of: error, on: arguments, of: Root.self)
            StandardError.print(unknown?.message ?? PrintedText(lines: message))
        default: StandardError.print(self.label + PrintedText(error))
        }
        exit(code == .validationFailure ? self.usageStatus ?? code.rawValue : code.rawValue)
    }
}
