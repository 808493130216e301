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
        do {
            var command = try Root.parseAsRoot()
            try command.run()
        } catch {
            self.end(with: error)
        }
    }

    /// Parses the arguments and runs the command.
    public func runAsynchronously() async {
        StandardStreams.secure()
        do {
            var command = try Root.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            self.end(with: error)
        }
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
        case .success: StandardOutput.print(PrintedText(lines: Root.fullMessage(for: error)))
        case .validationFailure:
            let unknown = UnknownWord(on: Array(CommandLine.arguments.dropFirst()), of: Root.self)
            StandardError.print(unknown?.message ?? PrintedText(lines: Root.fullMessage(for: error)))
        default: StandardError.print(self.label + PrintedText(error))
        }
        exit(code == .validationFailure ? self.usageStatus ?? code.rawValue : code.rawValue)
    }
}
