/// What a tunnel's user and its PoP share: octets, not a text.
///
/// Two spellings of one letter (é as one character or as two) sign differently, and so are two passwords, though Swift takes
/// the texts for equal. Comparing takes as long wherever two differ.
public struct TunnelPassword: Hashable, Sendable {
    /// The lengths a password can have, in octets.
    public static let lengths = 1...132

    /// What stands in a password's place where it is not shown; no password itself, so that no text without them is taken for
    /// a configuration.
    public static let placeholder = TunnelPassword("<hidden>")

    /// The octets that signatures are made with.
    public let octets: [UInt8]

    /// Takes octets as they are, whether or not they can be configured.
    public init(octets: some Sequence<UInt8>) { self.octets = Array(octets) }

    /// Takes the UTF-8 octets of a text as they are, whether or not they can be configured.
    public init(_ text: some StringProtocol) { self.octets = Array(text.utf8) }

    /// Whether the password can be configured: 1 to 132 octets of UTF-8 without blanks, control characters and what cannot be
    /// seen, so that it can be shown to whom it belongs.
    ///
    /// U+FFFD can't be part of it either: it stands where other octets were lost on the way here.
    public var isConfigurable: Bool {
        guard Self.lengths.contains(self.octets.count), self != Self.placeholder,
            self.octets.allSatisfy({ $0 > 0x20 && $0 != 0x7f })
        else { return false }
        if self.octets.allSatisfy({ $0 < 0x80 }) { return true }
        guard let text = String(validating: self.octets, as: UTF8.self) else { return false }
        return text.firstUnprintable == nil
    }

    /// The password as it is written where it must be shown; gives the same octets when it is configurable.
    public var text: String { String(decoding: self.octets, as: UTF8.self) }

    /// Whether two are the same octets.
    public static func == (left: Self, right: Self) -> Bool {
        left.octets.isEqualInConstantTime(to: right.octets)
    }
}

extension TunnelPassword {
    /// What a file of a password has in its first line, without what editors add: a byte order mark before it, blanks and a
    /// carriage return behind it.
    public static func firstLine(of octets: [UInt8]) -> ArraySlice<UInt8> {
        var line = octets.withoutByteOrderMark.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        while line.last == UInt8(ascii: " ") || line.last == UInt8(ascii: "\t") { line.removeLast() }
        return line
    }
}

extension TunnelPassword: ExpressibleByStringLiteral {
    /// Takes the UTF-8 octets of a literal.
    public init(stringLiteral text: String) { self.init(text) }
}

extension TunnelPassword: CustomStringConvertible, CustomReflectable {
    /// `set`, whatever the password is.
    public var description: String { "set" }

    /// Nothing: a dump shows no secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
