internal import ArgumentParser

/// A number below zero behind an option, as in `--mtu -1`, which ArgumentParser takes for another option.
///
/// It then says that the value is missing, and not what is wrong with the one that is there.
enum NegativeNumber {
    /// What is wrong with a command line, with such numbers taken for what they are.
    ///
    /// - Parameters:
    ///   - error: What ArgumentParser made of it.
    ///   - line: The program's arguments.
    ///   - root: The command that has all others.
    /// - Returns: Lines for people.
    static func message<Root: ParsableCommand>(
        of error: any Error,
        on line: [String],
        of root: Root.Type
    ) -> String {
        let joined = Self.joined(line)
        guard joined != line else { return root.fullMessage(for: error) }
        do { _ = try root.parseAsRoot(joined) } catch {
            return root.fullMessage(for: error)
        }
        return root.fullMessage(for: error)
    }

    /// The words with `--option -1` made `--option=-1`.
    static func joined(_ line: [String]) -> [String] {
        var words: [String] = []
        for word in line {
            let isNumber =
                word.hasPrefix("-") && word.dropFirst().first.map { ("0"..."9").contains($0) } == true
            if isNumber, let option = words.last, option.hasPrefix("--"), option.count > 2,
                !option.contains("=")
            {
                words[words.count - 1] = "\(option)=\(word)"
            } else {
                words.append(word)
            }
        }
        return words
    }
}
