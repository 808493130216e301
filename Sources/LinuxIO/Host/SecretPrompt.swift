internal import Glibc

/// Asks a person for a secret, which the terminal does not show.
public enum SecretPrompt {
    private static let most = 4096

    /// Asks at the terminal of the process, wherever its standard streams lead.
    ///
    /// - Parameter question: What the person reads.
    /// - Returns: The line that was typed, without its end; nil without a terminal, and at its end.
    public static func ask(_ question: String) -> [UInt8]? {
        guard
            let terminal = try? OwnedDescriptor(
                "open",
                about: "/dev/tty",
                { open("/dev/tty", O_RDWR | O_CLOEXEC) }
            )
        else { return nil }
        let descriptor = terminal.rawValue
        var before = termios()
        guard tcgetattr(descriptor, &before) == 0 else { return nil }
        var silent = before
        // Keys one by one, and those that would end the program too: it must not leave a terminal that shows nothing.
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        guard tcsetattr(descriptor, TCSAFLUSH, &silent) == 0 else { return nil }
        Self.show(question, on: descriptor)
        var line = SecretLine(most: Self.most)
        var key: UInt8 = 0
        while line.ending == nil, case .success(1) = attempt({ read(descriptor, &key, 1) }) { line.take(key) }
        tcsetattr(descriptor, TCSAFLUSH, &before)
        Self.show("\n", on: descriptor)
        if line.ending == .interrupted { raise(SIGINT) }
        return line.ending == .complete ? line.octets : nil
    }

    private static func show(_ text: String, on descriptor: CInt) {
        let octets = Array(text.utf8)
        _ = attempt { write(descriptor, octets, octets.count) }
    }
}

/// A line as keys make it, of which nothing is shown.
struct SecretLine {
    /// How it came to its end.
    enum Ending: Hashable {
        case complete
        case interrupted
        case abandoned
    }

    private enum Key {
        static let interrupt: UInt8 = 3
        static let end: UInt8 = 4
        static let backspace: UInt8 = 8
        static let newLine: UInt8 = 10
        static let enter: UInt8 = 13
        static let kill: UInt8 = 21
        static let quit: UInt8 = 28
        static let delete: UInt8 = 127
    }

    private let most: Int
    private(set) var octets: [UInt8] = []
    private(set) var ending: Ending?

    /// Creates an empty line that holds so many octets; keys behind them are passed over.
    init(most: Int) { self.most = most }

    /// Takes what a key sends.
    mutating func take(_ key: UInt8) {
        switch key {
        case Key.newLine, Key.enter: self.ending = .complete
        case Key.interrupt, Key.quit: self.ending = .interrupted
        case Key.end: self.ending = self.octets.isEmpty ? .abandoned : .complete
        case Key.backspace, Key.delete: self.removeLast()
        case Key.kill: self.octets = []
        default: if self.octets.count < self.most { self.octets.append(key) }
        }
    }

    /// A character of UTF-8 goes as a whole.
    private mutating func removeLast() {
        while let last = self.octets.popLast(), last & 0xc0 == 0x80 {}
    }
}
