/// A menu of the control port, which `sixxsd.conf` shares.
public struct Menu: Hashable, Sendable {
    /// One command of a menu.
    public struct Command: Hashable, Sendable {
        /// The keyword.
        public let name: String

        /// The arguments, as a person would write them down.
        public let arguments: String

        /// What the command does, as a phrase.
        public let summary: String

        init(_ name: String, _ summary: String) {
            self.init(name, "", summary)
        }

        init(_ name: String, _ arguments: String, _ summary: String) {
            self.name = name
            self.arguments = arguments
            self.summary = summary
        }
    }

    /// The keyword that enters the menu; empty for the top.
    public let name: String

    /// What the menu is about, as a phrase.
    public let summary: String

    /// Menus below this one.
    public let menus: [Menu]

    /// Commands of this menu.
    public let commands: [Command]

    /// The words that may stand in it.
    public var keywords: [String] { self.menus.map(\.name) + self.commands.map(\.name) }

    init(_ name: String, _ summary: String, menus: [Menu] = [], commands: [Command] = []) {
        self.name = name
        self.summary = summary
        self.menus = menus
        self.commands = commands
    }
}

/// Where a session, or the reading of a file, stands in the menus.
public struct MenuPosition: Sendable {
    /// What a line asked for.
    public enum Step: Hashable, Sendable {
        /// Nothing: the line is empty or a comment.
        case nothing
        /// To go to another menu, which is done already.
        case moved
        /// To leave a menu at the top, where there is none to leave.
        case alreadyAtTop
        /// To say where the session stands.
        case whereAmI
        /// To list the commands of the present menu.
        case help
        /// To list all commands below the present menu.
        case fullHelp
        /// A command, by its full path such as `pop set id`; its arguments are the words that are left.
        case command(String)
        /// Something that the menu doesn't have, and what it does have that is nearest.
        case unknown(Words.Word, nearest: String?)
    }

    /// No keyword is longer, and nobody's time is spent on words that are.
    private static let longestKeyword = 40

    private var path: [Menu] = [.top] { didSet { self.latest = nil } }
    /// The command of this menu that was used last: the next line is likely to be one more of it.
    private var latest: (name: ArraySlice<UInt8>, path: String)?

    /// Creates a position at the top.
    public init() {}

    /// The menu where the position is.
    public var menu: Menu { self.path.last ?? .top }

    /// Whether the position is at the top.
    public var isAtTop: Bool { self.path.count == 1 }

    /// The position in words, such as `/pop/set`; `/` at the top.
    public var description: String { "/" + self.path.dropFirst().map(\.name).joined(separator: "/") }

    /// Follows a line through the menus, up to a command or to the end of the line.
    public mutating func follow(_ words: inout Words) -> Step {
        guard let first = words.peek else { return .nothing }
        if let latest = self.latest, latest.name == first.octets {
            _ = words.next()
            return .command(latest.path)
        }
        var position = self
        if let step = position.navigate(first) {
            _ = words.next()
            if let surplus = words.peek { return .unknown(surplus, nearest: nil) }
            self = position
            return step
        }
        return self.descend(along: &words)
    }

    private mutating func descend(along words: inout Words) -> Step {
        var path = self.path
        while let word = words.next() {
            let keyword = word.text.lowercased()
            let menu = path.last ?? .top
            if let next = menu.menus.first(where: { $0.name == keyword }) {
                path.append(next)
            } else if menu.commands.contains(where: { $0.name == keyword }) {
                let command = (path.dropFirst().map(\.name) + [keyword]).joined(separator: " ")
                if path.count == self.path.count { self.latest = (word.octets, command) }
                return .command(command)
            } else {
                let isShort = keyword.utf8.count <= Self.longestKeyword
                return .unknown(word, nearest: isShort ? NearestWord.of(keyword, among: menu.keywords) : nil)
            }
        }
        self.path = path
        return .moved
    }

    private mutating func navigate(_ word: Words.Word) -> Step? {
        switch word.text.lowercased() {
        case "..", "end":
            guard !self.isAtTop else { return .alreadyAtTop }
            self.path.removeLast()
            return .moved
        case "/":
            self.path = [.top]
            return .moved
        case ".": return .whereAmI
        case "help", "?": return .help
        case "fullhelp": return .fullHelp
        // Wherever a session stands, people type these to leave it.
        case "exit", "quit": return .command("cmd exit")
        default: return nil
        }
    }
}
