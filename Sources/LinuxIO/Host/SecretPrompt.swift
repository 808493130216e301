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
        silent.c_lflag &= ~tcflag_t(ECHO)
        guard tcsetattr(descriptor, TCSAFLUSH, &silent) == 0 else { return nil }
        defer {
            tcsetattr(descriptor, TCSAFLUSH, &before)
            Self.show("\n", on: descriptor)
        }
        Self.show(question, on: descriptor)
        var line = [UInt8](repeating: 0, count: Self.most)
        // A terminal gives a line at a time.
        guard case .success(let count) = attempt({ read(descriptor, &line, line.count) }), count > 0 else {
            return nil
        }
        return Array(line.prefix(count).prefix { $0 != UInt8(ascii: "\n") })
    }

    private static func show(_ text: String, on descriptor: CInt) {
        let octets = Array(text.utf8)
        _ = attempt { write(descriptor, octets, octets.count) }
    }
}
