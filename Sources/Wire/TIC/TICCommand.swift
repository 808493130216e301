/// What a client asks of the tunnel information and control service (TIC): one line.
///
/// Words are separated by blanks; those that name a command count in any case of their letters.
public enum TICCommand: Hashable, Sendable {
    /// What the client's program and system are called; for people alone.
    case client(String)
    case getUnixTime
    case startTLS
    /// A user's handle, or a handle, a slash and a tunnel's number.
    case username(String)
    case challenge(TICScheme)
    /// The scheme, and what answers the challenge.
    case authenticate(TICScheme, String)
    case tunnelList
    case tunnelShow(String)
    case popList
    case popShow(String)
    case quit

    /// Why a line is no command.
    public enum Fault: Error, Hashable, Sendable {
        /// It has octets that are no printable text in UTF-8.
        case notText
        /// Its first words are those of no command.
        case unknown
        /// The command has other arguments; as it must be written.
        case usage(String)
    }

    /// Reads a line without its end.
    ///
    /// - Throws: ``Fault``.
    public init(parsing line: [UInt8]) throws(Fault) {
        guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }),
            let text = String(validating: line, as: UTF8.self)
        else { throw .notText }
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        let (first, second) = (words.first?.lowercased() ?? "", words.dropFirst().first?.lowercased() ?? "")
        switch first {
        case "client": self = .client(Self.rest(of: text, after: 1))
        case "quit": self = .quit
        case "starttls": self = try Self.bare(.startTLS, words.count == 1, "starttls")
        case "get" where second == "unixtime":
            self = try Self.bare(.getUnixTime, words.count == 2, "get unixtime")
        case "username": self = .username(try Self.only(words.dropFirst(), "username <handle>"))
        case "challenge":
            self = .challenge(try Self.scheme(words.dropFirst(), "challenge <scheme>", count: 1))
        case "authenticate":
            let scheme = try Self.scheme(words.dropFirst(), "authenticate <scheme> <response>", count: 2)
            self = .authenticate(scheme, String(words[2]))
        case "tunnel", "pop": self = try Self.question(first, second, words.dropFirst(2))
        default: throw .unknown
        }
    }

    /// `tunnel` and `pop`, which have a list and a row each.
    private static func question(
        _ first: String,
        _ second: String,
        _ arguments: ArraySlice<Substring>
    ) throws(Fault) -> TICCommand {
        let isTunnel = first == "tunnel"
        switch second {
        case "list":
            return try Self.bare(isTunnel ? .tunnelList : .popList, arguments.isEmpty, "\(first) list")
        case "show":
            let name = try Self.only(arguments, isTunnel ? "tunnel show T<number>" : "pop show <name>")
            return isTunnel ? .tunnelShow(name) : .popShow(name)
        default: throw .unknown
        }
    }

    private static func bare(
        _ command: TICCommand,
        _ isBare: Bool,
        _ usage: String
    ) throws(Fault) -> TICCommand {
        guard isBare else { throw .usage(usage) }
        return command
    }

    private static func only(_ words: ArraySlice<Substring>, _ usage: String) throws(Fault) -> String {
        guard words.count == 1, let word = words.first else { throw .usage(usage) }
        return String(word)
    }

    private static func scheme(
        _ words: ArraySlice<Substring>,
        _ usage: String,
        count: Int
    ) throws(Fault) -> TICScheme {
        guard words.count == count, let word = words.first,
            let scheme = TICScheme(rawValue: word.lowercased())
        else {
            let names = TICScheme.allCases.map(\.rawValue).joined(separator: "|")
            throw .usage(usage.replacing("<scheme>", with: names))
        }
        return scheme
    }

    /// What follows so many words.
    private static func rest(of text: String, after count: Int) -> String {
        let parts = text.split(separator: " ", maxSplits: count, omittingEmptySubsequences: true)
        return parts.count > count ? String(parts[count]) : ""
    }
}
