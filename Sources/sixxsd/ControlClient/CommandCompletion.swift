import Wire

/// What the last word of a line to the control port may become.
struct CommandCompletion: Sendable {
    private static let movements = ["..", "/", ".", "help", "fullhelp", "exit"]

    /// Where the session stands.
    let position: MenuPosition

    /// The numbers of the daemon's tunnels, such as `T5072`; asked only where one may stand.
    let tunnels: @Sendable () -> [String]

    /// Lists what a word may become.
    ///
    /// - Parameters:
    ///   - line: What stands before the word.
    ///   - word: The word as far as it is typed.
    /// - Returns: Whole words that begin like it, in alphabetical order.
    func candidates(before line: String, _ word: String) -> [String] {
        var (position, words) = (self.position, Words(line))
        let all: [String]
        switch position.follow(&words) {
        case .nothing: all = position.menu.keywords + Self.movements
        case .moved: all = position.menu.keywords
        case .command(let path): all = self.arguments(of: path, word)
        case .alreadyAtTop, .whereAmI, .help, .fullHelp, .unknown: all = []
        }
        let typed = word.lowercased()
        return Set(all).filter { $0.lowercased().hasPrefix(typed) }.sorted()
    }

    /// The words that stand for themselves in a command's arguments, and numbers of tunnels where one is meant.
    private func arguments(of path: String, _ word: String) -> [String] {
        guard let text = Menu.top.command(at: path)?.arguments else { return [] }
        let separators: Set<Character> = [" ", "|", "[", "]", "…"]
        let parts = text.split(whereSeparator: separators.contains).map(String.init)
        let keywords = parts.filter { part in part.allSatisfy { $0.isLetter || $0 == "-" || $0 == "_" } }
        let takesTunnel = text.contains("<tunnel>") || text.contains("T<n>")
        return keywords + (takesTunnel && word.uppercased().hasPrefix("T") ? self.tunnels() : [])
    }
}

extension Menu {
    /// The command at a path such as `pop set id`; nil when there is none.
    func command(at path: String) -> Command? {
        let words = path.split(separator: " ").map(String.init)
        var menu = self
        for word in words.dropLast() {
            guard let next = menu.menus.first(where: { $0.name == word }) else { return nil }
            menu = next
        }
        return menu.commands.first { $0.name == words.last }
    }
}
