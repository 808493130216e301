extension Configuration {
    /// The longest line of a text, in octets.
    public static let maximumLineLength = 4096

    /// The most lines of a text: 8192 tunnels and 4096 subnets, with as many comments and menus as anybody may want.
    ///
    /// Each costs time, however short it is.
    public static let maximumLineCount = 65_536

    /// Reads a whole text in the grammar of `sixxsd.conf`: all of it or nothing.
    ///
    /// - Parameters:
    ///   - text: Lines that end with LF or CRLF.
    ///   - file: What the text is called in errors.
    /// - Throws: ``ConfigurationError`` with the first thing that is wrong.
    public init(parsing text: String, file: String) throws(ConfigurationError) {
        try self.init(parsing: Array(text.utf8), file: file)
    }

    /// Reads a whole text as it came over the line or from a file; octets that are not UTF-8 are an error.
    ///
    /// - Parameters:
    ///   - octets: Lines that end with LF or CRLF.
    ///   - file: What the text is called in errors.
    /// - Throws: ``ConfigurationError`` with the first thing that is wrong.
    public init(parsing octets: [UInt8], file: String) throws(ConfigurationError) {
        var reader = ConfigurationReader(file: file)
        // Line by line: an array of all lines would take several times the text's memory.
        var rest = octets.withoutByteOrderMark
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            try reader.read(rest[..<end])
            rest = rest[(end + 1)...]
        }
        try reader.read(rest)
        self = try reader.finish()
    }
}

/// Reads a configuration line by line.
private struct ConfigurationReader {
    private let file: String
    private var line = 0
    private var menus = MenuPosition()
    private var configuration = Configuration()
    private var places = Places()

    init(file: String) { self.file = file }

    mutating func read(_ line: ArraySlice<UInt8>) throws(ConfigurationError) {
        self.line += 1
        guard self.line <= Configuration.maximumLineCount else {
            let expected = "a text of at most \(Configuration.maximumLineCount) lines"
            throw self.error(1, expected: expected, found: "another")
        }
        let octets = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard octets.count <= Configuration.maximumLineLength else {
            let most = Configuration.maximumLineLength
            throw self.error(
                most,
                expected: "a line of at most \(most) octets",
                found: "\(octets.count) octets"
            )
        }
        guard Self.isText(octets) else {
            throw self.error(1, expected: "UTF-8 text", found: "other octets")
        }
        var words = Words(octets: octets)
        switch self.menus.follow(&words) {
        case .nothing, .moved: break
        case .command(let path): try self.perform(path, words)
        case .unknown(let word, let nearest):
            let menu =
                self.menus.isAtTop ? "a menu or a command" : "a command of menu \(self.menus.description)"
            let isOfTop = Menu.top.keywords.contains(word.text.lowercased())
            let question =
                isOfTop ? ": is \"end\" missing above?" : nearest.map { ": did you mean \"\($0)\"?" } ?? ""
            throw self.error(word.column, expected: menu, found: "\"\(word.text)\"\(question)")
        case .alreadyAtTop:
            throw self.error(1, expected: "a menu, since none is open", found: "\"end\"")
        case .whereAmI, .help, .fullHelp:
            let text = String(decoding: octets, as: UTF8.self)
            throw self.error(1, expected: "a configuration command", found: "\"\(text)\"")
        }
    }

    private static func isText(_ octets: ArraySlice<UInt8>) -> Bool {
        if octets.allSatisfy({ (1..<0x80).contains($0) }) { return true }
        return !octets.contains(0) && String(validating: octets, as: UTF8.self) != nil
    }

    private mutating func perform(_ path: String, _ arguments: Words) throws(ConfigurationError) {
        var words = arguments
        let command: ConfigurationCommand?
        do {
            command = try ConfigurationCommand(path, &words)
        } catch {
            throw self.error(error.column, expected: error.expected, found: error.found)
        }
        guard let command else {
            throw self.error(1, expected: "a configuration command", found: "\"\(path)\"")
        }
        try self.note(command, arguments)
        // Straight into the arrays: `note` has made sure that they are new, and a search would be quadratic.
        switch command {
        case .setTunnel(let tunnel): self.configuration.tunnels.append(tunnel)
        case .setSubnet(let subnet): self.configuration.subnets.append(subnet)
        default: self.configuration.apply(command)
        }
        let most = PoPSettings.maximumACLEntries
        guard self.configuration.pop.controlACL.count <= most else {
            let column = arguments.peek?.column ?? 1
            throw self.error(column, expected: "at most \(most) entries", found: "another")
        }
    }

    /// Remembers where an item stands, and refuses a second one of the same name.
    private mutating func note(
        _ command: ConfigurationCommand,
        _ arguments: Words
    ) throws(ConfigurationError) {
        guard let item = Self.item(of: command) else { return }
        let column = arguments.peek?.column ?? 1
        if case .setSubnet(let subnet) = command, let owner = arguments.columns.dropFirst().first {
            self.places[.subject(.subnetOwner(subnet.prefix))] = .init(line: self.line, column: owner)
        }
        if let first = self.places[item] {
            throw self.error(
                column,
                expected: "\(item) once",
                found: "it again (first on line \(first.line))"
            )
        }
        self.places[item] = .init(line: self.line, column: column)
    }

    private static func item(of command: ConfigurationCommand) -> Places.Item? {
        switch command {
        case .setID: .subject(.popID)
        case .setDetails(let details): .subject(.details(details.id))
        case .addTunnelPrefix: .tunnelPrefix
        case .addSubnetPrefix(let prefix): .subject(.prefix(prefix))
        case .setTunnel(let tunnel): .subject(.tunnel(tunnel.tid))
        case .setSubnet(let subnet): .subject(.subnet(subnet.prefix))
        default: nil
        }
    }

    mutating func finish() throws(ConfigurationError) -> Configuration {
        guard self.menus.isAtTop else {
            // A text that was cut off between two lines would otherwise be taken for a whole one.
            let expected = "\"end\" of menu \(self.menus.description)"
            throw self.error(1, expected: expected, found: "the end of the text")
        }
        do {
            try self.configuration.check()
        } catch {
            let place =
                self.places[.subject(error.subject)] ?? self.places[.tunnelPrefix]
                ?? Places.Place(line: self.line, column: 1)
            throw ConfigurationError(
                file: self.file,
                line: place.line,
                column: place.column,
                expected: error.expected,
                found: error.found
            )
        }
        self.configuration.sort()
        return self.configuration
    }

    private func error(_ column: Int, expected: String, found: String) -> ConfigurationError {
        ConfigurationError(file: self.file, line: self.line, column: column, expected: expected, found: found)
    }
}
