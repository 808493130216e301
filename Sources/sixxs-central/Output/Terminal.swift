internal import ArgumentParser
internal import Foundation
internal import Streams
internal import Wire

/// The operator's terminal, when there is one.
enum Terminal {
    /// Whether questions can be asked.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// What makes a screen empty and goes to its top (ECMA-48 CUP and ED).
    static let cleared: PrintedText = "\u{1b}[H\u{1b}[2J"

    /// Asks on standard error and takes `y` or `yes` for yes, anything else for no.
    ///
    /// - Throws: `ValidationError` when nobody can be asked.
    static func confirms(_ question: PrintedText) throws -> Bool {
        guard Self.isInteractive else {
            throw ValidationError(
                "\(question) This is not a terminal: repeat with --yes to confirm."
            )
        }
        Self.complain(question + " [y/N] ", terminator: "")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }

    /// Writes to standard error.
    static func complain(_ text: PrintedText, terminator: PrintedText = "\n") {
        StandardError.print(text, terminator: terminator)
    }
}

/// The person at the keyboard, or the service.
enum Operator {
    /// Who is named in the audit: the user behind sudo, the login, or the user's number.
    static var name: String {
        let environment = ProcessInfo.processInfo.environment
        for key in ["SUDO_USER", "LOGNAME", "USER"] {
            if let name = environment[key], !name.isEmpty { return name.printable }
        }
        return "uid \(getuid())"
    }
}
