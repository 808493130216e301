internal import Glibc
internal import SystemPackage

/// Where a program says what it was asked for.
public enum StandardOutput {
    private static let stream = StandardStream(descriptor: .standardOutput)

    /// Prints text; a program that cannot say what it was asked for ends.
    ///
    /// When nobody reads any more it ends quietly with status 0, for who closed the pipe has what he wanted; else with 1
    /// and a line on standard error.
    ///
    /// - Parameters:
    ///   - text: What is printed.
    ///   - terminator: What follows.
    ///   - hint: What to do about the loss, where it is not enough to ask again.
    public static func print(
        _ text: PrintedText,
        terminator: PrintedText = "\n",
        ifLost hint: PrintedText? = nil
    ) {
        Self.write((text + terminator).description, ifLost: hint)
    }

    /// Prints what another program reads, to the octet; cleaned as all else only where a person looks at it.
    public static func printExactly(_ text: String) {
        Self.write(Self.stream.isTerminal ? PrintedText(lines: text).description : text, ifLost: nil)
    }

    private static func write(_ text: String, ifLost hint: PrintedText?) {
        do throws(Errno) {
            try Self.stream.write(text.utf8)
        } catch {
            Self.end(error, hint)
        }
    }

    private static func end(_ error: Errno, _ hint: PrintedText?) -> Never {
        if error == .brokenPipe, hint == nil { exit(EXIT_SUCCESS) }
        let cause: PrintedText = error == .noSpace ? "; is the file system full?" : ""
        let mend: PrintedText = hint.map { "; \($0)" } ?? ""
        StandardError.print("standard output: \(error): what was to be printed is lost\(cause)\(mend)")
        exit(EXIT_FAILURE)
    }
}

/// Where a program complains.
public enum StandardError {
    private static let stream = StandardStream(descriptor: .standardError)

    /// Prints text; when that cannot be, nobody is left to be told.
    public static func print(_ text: PrintedText, terminator: PrintedText = "\n") {
        Self.write((text + terminator).description)
    }

    static func write(_ text: String) { try? Self.stream.write(text.utf8) }
}
