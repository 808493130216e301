internal import Glibc
internal import Synchronization
internal import SystemPackage

/// Where a program says what it was asked for.
public enum StandardOutput {
    private static let stream = StandardStream(descriptor: .standardOutput)
    private static let hasReader = Atomic(true)

    /// Whether somebody reads what is printed, as far as is known: who prints without an end has to ask.
    public static var isRead: Bool { Self.hasReader.load(ordering: .relaxed) }

    /// Prints text; a program that cannot say what it was asked for ends with status 1 and a line on standard error.
    ///
    /// Who closed a pipe has what he wanted: nothing is printed from then on, and the program ends with the status of what it
    /// does.
    ///
    /// - Parameters:
    ///   - text: What is printed.
    ///   - terminator: What follows.
    ///   - hint: What to do about the loss, where it is not enough to ask again.
    ///   - status: What the program ends with when it cannot say it.
    public static func print(
        _ text: PrintedText,
        terminator: PrintedText = "\n",
        ifLost hint: PrintedText? = nil,
        status: Int32 = 1
    ) {
        // A line goes out as one, so that none of another process comes between; what is long is not copied for that.
        guard text.description.utf8.count > 1 << 16 else {
            return Self.write((text + terminator).description, ifLost: hint, status)
        }
        Self.write(text.description, ifLost: hint, status)
        Self.write(terminator.description, ifLost: hint, status)
    }

    /// Prints what another program reads, to the octet; cleaned as all else only where a person looks at it.
    public static func printExactly(_ text: String) {
        Self.write(Self.stream.isTerminal ? PrintedText(lines: text).description : text, ifLost: nil)
    }

    /// Whether a person looks at it, who could make nothing of octets.
    public static var isTerminal: Bool { Self.stream.isTerminal }

    /// Prints octets as they are, for another program.
    public static func print(octets: [UInt8]) {
        Self.write(octets, ifLost: nil)
    }

    private static func write(_ text: String, ifLost hint: PrintedText?, _ status: Int32 = EXIT_FAILURE) {
        Self.write(text.utf8, ifLost: hint, status)
    }

    private static func write(
        _ octets: some Collection<UInt8>,
        ifLost hint: PrintedText?,
        _ status: Int32 = EXIT_FAILURE
    ) {
        guard Self.isRead else { return }
        do throws(Errno) {
            try Self.stream.write(octets)
        } catch {
            guard error == .brokenPipe, hint == nil else { Self.end(error, hint, status) }
            Self.hasReader.store(false, ordering: .relaxed)
        }
    }

    private static func end(_ error: Errno, _ hint: PrintedText?, _ status: Int32) -> Never {
        let cause: PrintedText = error == .noSpace ? "; is the file system full?" : ""
        let mend: PrintedText = hint.map { "; \($0)" } ?? ""
        StandardError.print("standard output: \(error): what was to be printed is lost\(cause)\(mend)")
        exit(status)
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
