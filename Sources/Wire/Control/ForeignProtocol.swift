/// What a line belongs to that cannot be meant for the control port.
///
/// A program on the host that can be made to send a request must not be taken for an operator: what follows such a line
/// is never carried out.
public enum ForeignProtocol: Hashable, Sendable {
    /// The first line of a request of HTTP, RTSP or SIP.
    case request
    /// A field of a message's header (RFC 5322 §2.2, RFC 9112 §5).
    case headerField
    /// The identification of SSH (RFC 4253 §4.2).
    case ssh
    /// What a program begins with that speaks another protocol made of lines: mail, DICT, IRC.
    case greeting
    /// Octets that no text has, or that are not UTF-8: TLS and whatever else is not made of lines.
    case binary

    /// Methods of requests that no menu has as a word, in upper case.
    private static let methods: Set<String> = [
        "ACL", "ANNOUNCE", "BIND", "CHECKIN", "CHECKOUT", "CONNECT", "COPY", "DELETE", "DESCRIBE", "HEAD",
        "INVITE",
        "LINK", "LOCK", "MERGE", "MKCALENDAR", "MKCOL", "MOVE", "OPTIONS", "POST", "PRI", "PROPFIND",
        "PROPPATCH", "PURGE", "PUT", "QUERY", "REBIND", "REGISTER", "SEARCH", "SUBSCRIBE", "UNBIND", "UNLINK",
        "UNLOCK", "UNSUBSCRIBE",
    ]

    /// First words of SMTP and LMTP, POP3, IRC, FTP and DICT (RFC 2229 §3.6), which programs that fetch addresses speak too.
    private static let greetings: Set<String> = [
        "AUTH", "CAPA", "CLIENT", "EHLO", "HELO", "LHLO", "MAIL", "NICK", "PASS", "RCPT", "STLS", "USER",
    ]

    /// Methods of which menus have the word.
    private static let sharedMethods: Set = ["GET", "PATCH", "TRACE"]

    /// Recognizes a line; nil for one that may be meant.
    public init?(line: String) {
        var words = Words(line)
        guard let first = words.next()?.text else { return nil }
        let rest = words.rest().map(\.text)
        if first.hasPrefix("SSH-") {
            self = .ssh
        } else if Self.greetings.contains(first.uppercased()) {
            self = .greeting
        } else if Self.isRequest(first, rest) {
            self = .request
        } else if Self.beginsHeaderField(first) {
            self = .headerField
        } else {
            return nil
        }
    }

    /// Recognizes the first word of a line that the menus don't know; nil for one that may be a slip.
    public init?(unknownCommand word: String) {
        // A method of which menus have the word, written as requests write it.
        guard Self.sharedMethods.contains(word) else { return nil }
        self = .request
    }

    private static func isRequest(_ first: String, _ rest: [String]) -> Bool {
        if Self.methods.contains(first.uppercased()) { return true }
        if rest.count == 2, Self.isVersion(rest[1]) { return true }
        // HTTP/0.9 has no version: `GET /path`.
        guard let target = rest.first, Self.sharedMethods.contains(first.uppercased()) else { return false }
        return target.hasPrefix("/") || target == "*" || target.contains("://")
    }

    private static func isVersion(_ word: String) -> Bool {
        ["HTTP/", "RTSP/", "SIP/", "ICAP/"].contains { word.uppercased().hasPrefix($0) }
    }

    /// Whether a word is a field's name and a colon, or more behind it; an address is not.
    private static func beginsHeaderField(_ word: String) -> Bool {
        guard let colon = word.utf8.firstIndex(of: UInt8(ascii: ":")), colon != word.startIndex else {
            return false
        }
        let name = word.utf8[..<colon]
        guard name.allSatisfy(Self.isInName), name.contains(where: Self.isLetter) else { return false }
        let address = word.split(separator: "/", maxSplits: 1).first.map(String.init) ?? word
        return (try? IPv6Address(parsing: address)) == nil
    }

    private static func isInName(_ octet: UInt8) -> Bool {
        Self.isLetter(octet) || octet.isDecimalDigit || octet == UInt8(ascii: "-")
            || octet == UInt8(ascii: "_")
    }

    private static func isLetter(_ octet: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(octet | 0x20)
    }

    /// Whether an octet is in no text that a person or a program sends as lines.
    ///
    /// What keys of a terminal send counts as text: bell, backspace, tab, line and form feeds, return, escape, delete.
    static func isBinary(_ octet: UInt8) -> Bool {
        octet < 0x07 || (0x0e...0x1a).contains(octet) || (0x1c...0x1f).contains(octet)
    }
}

extension ForeignProtocol: CustomStringConvertible {
    /// What it is, as a noun phrase.
    public var description: String {
        switch self {
        case .request: "an HTTP request"
        case .headerField: "a header's field"
        case .ssh: "SSH"
        case .greeting: "another protocol's greeting"
        case .binary: "binary data"
        }
    }
}
