internal import ArgumentParser
internal import Wire

/// A word of a command line that stands where a command or an option should, and is none.
///
/// ArgumentParser suggests the nearest option only when nothing else is wrong before it, and no commands at all.
struct UnknownWord {
    /// What is wrong, what was perhaps meant, and where to look.
    let message: PrintedText

    /// Looks for the first; nil when all are known.
    ///
    /// - Parameters:
    ///   - line: The program's arguments.
    ///   - root: The command that has all others.
    ///   - commandsOnly: Whether options are left alone.
    init?(on line: [String], of root: any ParsableCommand.Type, commandsOnly: Bool = false) {
        var command = root
        var path = root._commandName
        for (index, word) in line.enumerated() where index > 0 || word != "help" {
            let children = command.configuration.subcommands
            guard word != "help", !word.hasPrefix("-"), !children.isEmpty else {
                guard !commandsOnly, let option = Self.option(on: line[index...], of: command, path)
                else { return nil }
                self.message = option
                return
            }
            guard let child = children.first(where: { Self.names(of: $0).contains(word) }) else {
                self.message = Self.message(command: word, among: children, path)
                return
            }
            command = child
            path += " \(child._commandName)"
        }
        return nil
    }

    /// What a command is called, and what it was called before.
    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [command._commandName] + command.configuration.aliases
    }

    /// What other programs call what is called so here.
    private static let synonyms = [
        "ls": "list", "rm": "remove", "del": "remove", "delete": "remove", "new": "add", "create": "add",
        "edit": "set",
        "modify": "set", "change": "set", "update": "set", "get": "show", "info": "show", "describe": "show",
    ]

    private static func message(
        command word: String,
        among commands: [any ParsableCommand.Type],
        _ path: String
    ) -> PrintedText {
        // `enable` is `tunnel enable`.
        let owner = commands.first { command in
            command.configuration.subcommands.contains { Self.names(of: $0).contains(word) }
        }
        let names = commands.flatMap { Self.names(of: $0) }
        let near =
            Self.synonyms[word].flatMap { names.contains($0) ? $0 : nil } ?? NearestWord.of(
                word,
                among: names
            )
            ?? owner.map { "\($0._commandName) \(word)" }
        let advice: PrintedText = near.map { " Did you mean '\(path) \($0)'?" } ?? ""
        return "Error: There is no command '\(path) \(word)'.\(advice)\(Self.place(path))"
    }

    /// What is wrong with the first long option that a command does not have.
    private static func option(
        on line: ArraySlice<String>,
        of command: any ParsableCommand.Type,
        _ path: String
    ) -> PrintedText? {
        let known = Self.options(of: command)
        let names = line.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }.map { $0.prefix { $0 != "=" } }
        guard let unknown = names.first(where: { !known.contains(String($0)) }) else { return nil }
        let near = NearestWord.of(String(unknown), among: known)
        let advice: PrintedText = near.map { " Did you mean '\($0)'?" } ?? ""
        return "Error: '\(path)' has no option '\(unknown)'.\(advice)\(Self.place(path))"
    }

    /// Where the right words stand.
    private static func place(_ path: String) -> PrintedText {
        "\n  See '\(path) --help' for those there are."
    }

    /// The long options that a command's help names, that of the command that it stands for without another, and those that every
    /// command has.
    private static func options(of command: any ParsableCommand.Type) -> Set<String> {
        var help = command.helpMessage(includeHidden: true, columns: 1000)
        if let standIn = command.configuration.defaultSubcommand {
            help += standIn.helpMessage(includeHidden: true, columns: 1000)
        }
        let words = help.split { !($0.isLetter || $0.isNumber || $0 == "-") }.filter { $0.hasPrefix("--") }
        return Set(words.map(String.init)).union([
            "--help", "--help-hidden", "--version", "--generate-completion-script",
            "--experimental-dump-help",
        ])
    }
}
