extension SavedState {
    /// Why a text is no state that can be gone on with.
    public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// It does not begin as one.
        case foreign
        /// It has a form that this program does not know.
        case version(Int)
        /// It is longer than any state can be.
        case tooLong
        /// It is not what was written.
        case damaged(line: Int)

        /// A clause for people.
        public var description: String {
            switch self {
            case .foreign: "it is not a state file"
            case .version(let version):
                "it has version \(version), and this program reads \(SavedState.version)"
            case .tooLong: "it is longer than \(SavedState.maximumLength) octets"
            case .damaged(let line): "it is damaged (line \(line))"
            }
        }
    }

    // MARK: - Writing

    /// The text: a head, a line for each session, and a digest of all of it.
    public var text: [UInt8] {
        var text = """
            sixxsd state \(Self.version)
            pop \(self.pop.id) \(self.pop.name) \(self.pop.ipv4) \(self.pop.ipv6)
            written \(self.writtenAt) \(self.isFinal ? "stopped" : "running")
            salt \(self.salt.hexadecimalText)

            """
        for session in self.sessions { text += "\(session.line)\n" }
        let octets = Array(text.utf8)
        return octets + Array("end \(MessageDigest.sha256(octets).hexadecimalText)\n".utf8)
    }

    // MARK: - Reading

    /// Reads a text: all of it or nothing.
    ///
    /// - Throws: ``Failure`` with what is wrong.
    public init(parsing text: [UInt8]) throws(Failure) {
        guard text.count <= Self.maximumLength else { throw .tooLong }
        var reader = SavedStateReader(text)
        try reader.readVersion()
        self = try reader.readAll()
    }
}

/// Reads a state line by line.
private struct SavedStateReader {
    private let octets: [UInt8]
    /// Where the next line begins.
    private var place = 0
    private var line = 0

    init(_ octets: [UInt8]) { self.octets = octets }

    private var damage: SavedState.Failure { .damaged(line: self.line) }

    /// The words of the next line, which must be one of ours.
    private mutating func next() throws(SavedState.Failure) -> Words {
        self.line += 1
        let rest = self.octets[self.place...]
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw self.damage }
        self.place = end + 1
        return Words(octets: rest[..<end])
    }

    mutating func readVersion() throws(SavedState.Failure) {
        guard var words = try? self.next(), words.next()?.isKeyword("sixxsd") == true,
            words.next()?.isKeyword("state") == true, let version = words.next()?.octets.decimalValue
        else { throw .foreign }
        guard version == SavedState.version else { throw .version(version) }
        try self.end(words)
    }

    private func end(_ words: Words) throws(SavedState.Failure) {
        guard words.isAtEnd else { throw self.damage }
    }

    mutating func readAll() throws(SavedState.Failure) -> SavedState {
        let pop = try self.readPoP()
        let (writtenAt, isFinal) = try self.readTime()
        let salt = try self.readSalt()
        var state = SavedState(pop: pop, writtenAt: writtenAt, isFinal: isFinal, salt: salt)
        while true {
            let start = self.place
            var words = try self.next()
            if words.peek?.isKeyword("end") == true {
                _ = words.next()
                try self.finish(&words, behind: start)
                return state
            }
            try self.take(try self.session(&words), into: &state)
        }
    }

    private mutating func readPoP() throws(SavedState.Failure) -> PoPDetails {
        var words = try self.next()
        guard words.next()?.isKeyword("pop") == true,
            let id = words.next()?.octets.decimalValue, PoPDetails.ids.contains(id),
            let name = words.next()?.text, PoPDetails.isName(name),
            let ipv4 = words.next()?.address, let ipv6 = words.next()?.address,
            case .ipv4(let ipv4) = ipv4, case .ipv6(let ipv6) = ipv6
        else { throw self.damage }
        try self.end(words)
        return PoPDetails(id: id, name: name, ipv4: ipv4, ipv6: ipv6)
    }

    private mutating func readTime() throws(SavedState.Failure) -> (writtenAt: Int64, isFinal: Bool) {
        var words = try self.next()
        guard words.next()?.isKeyword("written") == true, let time = words.next()?.time,
            let word = words.next(), word.isKeyword("stopped") || word.isKeyword("running")
        else { throw self.damage }
        try self.end(words)
        return (time, word.isKeyword("stopped"))
    }

    private mutating func readSalt() throws(SavedState.Failure) -> [UInt8] {
        var words = try self.next()
        guard words.next()?.isKeyword("salt") == true,
            let salt = words.next()?.digits(count: SavedState.saltLength)
        else { throw self.damage }
        try self.end(words)
        return salt
    }

    private func session(_ words: inout Words) throws(SavedState.Failure) -> SavedSession {
        guard let tid = words.next().flatMap({ TID(octets: $0.octets) }),
            let number = words.next().flatMap({ TunnelNumber(octets: $0.octets) }),
            let remoteEnd = words.next()?.remoteEnd,
            let state = words.next(), state.isKeyword("up") || state.isKeyword("down"),
            let encapsulation = words.next()?.encapsulation,
            let local = words.nextEndpoint(), let remote = words.nextEndpoint()
        else { throw self.damage }
        var session = SavedSession(
            tid: tid,
            number: number,
            remoteEnd: remoteEnd,
            isUp: state.isKeyword("up"),
            encapsulation: encapsulation,
            local: local,
            remote: remote
        )
        if case .dynamic = remoteEnd { session.beats = try self.beats(&words) }
        try self.end(words)
        return session
    }

    private func beats(_ words: inout Words) throws(SavedState.Failure) -> SavedSession.Beats {
        guard let seenAt = words.next()?.time, let newest = words.next()?.time,
            let newestSeenAt = words.next()?.time, let seal = words.next()?.digits(count: 32)
        else { throw self.damage }
        return SavedSession.Beats(seenAt: seenAt, newest: newest, newestSeenAt: newestSeenAt, seal: seal)
    }

    /// Adds a session, if it is one that can stand behind the others.
    private func take(_ session: SavedSession, into state: inout SavedState) throws(SavedState.Failure) {
        // By tid, so that none comes twice.
        if let last = state.sessions.last, last.tid >= session.tid { throw self.damage }
        if let beats = session.beats {
            guard beats.seenAt <= state.writtenAt, beats.newestSeenAt <= state.writtenAt else {
                throw self.damage
            }
        }
        state.sessions.append(session)
    }

    /// Checks the digest, and that nothing stands behind it.
    private func finish(_ words: inout Words, behind start: Int) throws(SavedState.Failure) {
        let digest = MessageDigest.sha256(Array(self.octets[..<start]))
        guard words.next()?.digits(count: 32) == digest, self.place == self.octets.count else {
            throw self.damage
        }
        try self.end(words)
    }
}

extension SavedSession {
    /// `<tid> T<n> <remote end> <up|down> <encapsulation> <address> <port> <address> <port>`, and for dynamic ones
    /// `<seen> <newest> <newest seen> <seal>`.
    fileprivate var line: String {
        let head =
            "\(self.tid) \(self.number) \(self.remoteEnd) \(self.isUp ? "up" : "down") \(self.encapsulation.keyword)"
        let ends =
            "\(self.local.address) \(self.local.port) \(self.remote.address) \(self.remote.port)"
        guard let beats = self.beats else { return "\(head) \(ends)" }
        return
            "\(head) \(ends) \(beats.seenAt) \(beats.newest) \(beats.newestSeenAt) \(beats.seal.hexadecimalText)"
    }
}

extension Words {
    fileprivate mutating func nextEndpoint() -> Endpoint? {
        guard let address = self.next()?.address, let port = self.next()?.octets.decimalValue,
            let port = UInt16(exactly: port)
        else { return nil }
        return Endpoint(address, port: port)
    }
}

extension Words.Word {
    /// Seconds since 1970 that leave room for sums.
    fileprivate var time: Int64? {
        self.octets.decimalValue.flatMap { $0 < 1 << 40 ? Int64($0) : nil }
    }

    fileprivate var address: IPAddress? { IPAddress(octets: self.octets) }

    fileprivate var remoteEnd: RemoteEnd? {
        if let type = DynamicType.allCases.first(where: { self.isKeyword($0.rawValue) }) {
            return .dynamic(type)
        }
        return self.address.map(RemoteEnd.fixed)
    }

    fileprivate var encapsulation: Encapsulation? {
        Encapsulation.allCases.first { self.isKeyword($0.keyword) }
    }

    /// The octets that two hexadecimal digits each stand for.
    fileprivate func digits(count: Int) -> [UInt8]? {
        self.octets.count == 2 * count ? [UInt8](hexadecimalText: self.octets) : nil
    }
}

extension Encapsulation {
    /// What a state's text calls it.
    fileprivate var keyword: String {
        switch self {
        case .sixInFour: "6in4"
        case .gre: "gre"
        case .ayiya: "ayiya"
        }
    }
}
