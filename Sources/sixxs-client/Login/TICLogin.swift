import TLS
import Wire

/// What carries lines to a TIC server and back.
protocol TICTransport {
    /// Sends a line, to which its end is added.
    ///
    /// - Throws: ``LoginFailure``.
    mutating func send(_ line: String) throws(LoginFailure)

    /// Waits for a line, without its end.
    ///
    /// - Throws: ``LoginFailure``.
    mutating func receive() throws(LoginFailure) -> [UInt8]

    /// Begins TLS, after the server has said that it does.
    ///
    /// - Parameter trust: Whom to believe.
    /// - Throws: ``LoginFailure``.
    mutating func beginTLS(trusting trust: TLSContext.Trust) throws(LoginFailure)
}

/// Logs in and asks how a tunnel is set up, in the order in which AICCU does it.
struct TICLogin<Transport: TICTransport> {
    /// By how much the clocks may differ, in seconds: PoPs and clients accept no more.
    static var mostClockDifference: UInt64 { 120 }

    /// Lines of a list that are read.
    private static var mostLines: Int { 4096 }

    private var transport: Transport
    private let account: TICAccount

    init(_ account: TICAccount, over transport: Transport) {
        self.account = account
        self.transport = transport
    }

    /// Says it all.
    ///
    /// - Parameter time: Seconds since 1970, as the host believes.
    /// - Returns: What the server told.
    /// - Throws: ``LoginFailure``.
    mutating func run(at time: UInt64) throws(LoginFailure) -> TICAnswer {
        try self.expect(try self.reply(), "the greeting")
        try self.ask("client TIC/draft-00 sixxs-client/\(Release.version) Linux", "the client's name")
        try self.checkClock(try self.ask("get unixtime", "the time"), at: time)
        try self.encrypt()
        try self.ask("username \(self.account.user)", "the user's name")
        try self.authenticate()
        let number = try self.choose(from: try self.list("tunnel list"))
        let tunnel = try self.list("tunnel show \(number)")
        // A server that knows no PoPs tells all that is needed anyway.
        let name = TICFields(tunnel)["POP Id"] ?? ""
        let pop = name.isEmpty ? [] : (try? self.list("pop show \(name)")) ?? []
        let answer = try TICAnswer(tunnel, pop: pop)
        try? self.transport.send("QUIT Thank you")
        return answer
    }

    private mutating func encrypt() throws(LoginFailure) {
        guard self.account.tls != .no else { return }
        try self.transport.send("starttls")
        let isRequired = self.account.tls == .require
        let reply = try self.reply()
        guard reply.isPositive else {
            guard isRequired else { return }
            throw LoginFailure("the server offers no TLS: \(reply.text.shortened(to: 100))", .refused)
        }
        try self.transport.beginTLS(trusting: isRequired ? .certified : .anybody)
    }

    private func checkClock(_ text: String, at time: UInt64) throws(LoginFailure) {
        guard let theirs = UInt64(text) else {
            throw LoginFailure("the server's time is no number", .nonsense)
        }
        let difference = max(theirs, time) - min(theirs, time)
        guard difference <= Self.mostClockDifference else {
            throw LoginFailure(
                "this host's clock is \(difference) s \(theirs > time ? "behind" : "ahead of") the server's: "
                    + "set it (NTP), since PoPs refuse packets that are more than \(Self.mostClockDifference) s off",
                .unreachable
            )
        }
    }

    /// By SHA-256, or by MD5 where the server knows no other; never by the secret itself.
    private mutating func authenticate() throws(LoginFailure) {
        for scheme in [TICScheme.sha256, .md5] {
            try self.transport.send("challenge \(scheme.rawValue)")
            let challenge = try self.reply()
            guard challenge.isPositive else { continue }
            let digest = scheme.digest(ofSecret: self.account.secret.octets)
            guard let digest, let response = scheme.response(to: challenge.text, secretDigest: digest) else {
                continue
            }
            try self.transport.send("authenticate \(scheme.rawValue) \(response)")
            let reply = try self.reply()
            guard reply.isPositive else {
                throw LoginFailure(
                    "the server refused the login of \(self.account.user): \(reply.text.shortened(to: 100))",
                    .refused
                )
            }
            return
        }
        throw LoginFailure("the server knows neither challenge sha256 nor md5", .refused)
    }

    /// The tunnel that is wanted, or the only one.
    private func choose(from lines: [String]) throws(LoginFailure) -> TunnelNumber {
        let numbers = lines.compactMap { line in
            line.split(separator: " ").first.flatMap { try? TunnelNumber(parsing: $0) }
        }
        let names = numbers.prefix(20).map(\.description).joined(separator: ", ")
        if let wanted = self.account.tunnel {
            guard numbers.contains(wanted) else {
                throw LoginFailure(
                    "\(self.account.user) has no tunnel \(wanted)\(names.isEmpty ? "" : ", but \(names)")",
                    .refused
                )
            }
            return wanted
        }
        guard let first = numbers.first else {
            throw LoginFailure("\(self.account.user) has no tunnels", .refused)
        }
        guard numbers.count == 1 else {
            throw LoginFailure(
                "\(self.account.user) has several tunnels (\(names)): choose one with --tunnel",
                .refused
            )
        }
        return first
    }

    // MARK: - Lines

    @discardableResult
    private mutating func ask(_ line: String, _ what: String) throws(LoginFailure) -> String {
        try self.transport.send(line)
        return try self.expect(try self.reply(), what)
    }

    private mutating func list(_ line: String) throws(LoginFailure) -> [String] {
        try self.transport.send(line)
        let begin = try self.reply()
        guard begin.code == TICReply.listBegins else {
            throw Self.refusal(of: "\"\(line)\"", begin)
        }
        var lines: [String] = []
        for _ in 0..<Self.mostLines {
            let octets = try self.transport.receive()
            if TICReply(parsing: octets)?.code == TICReply.listEnds { return lines }
            lines.append(String(decoding: octets, as: UTF8.self))
        }
        throw LoginFailure("the server's answer to \"\(line)\" has no end", .nonsense)
    }

    private mutating func reply() throws(LoginFailure) -> TICReply {
        guard let reply = TICReply(parsing: try self.transport.receive()) else {
            throw LoginFailure("what answers does not speak TIC", .nonsense)
        }
        return reply
    }

    @discardableResult
    private func expect(_ reply: TICReply, _ what: String) throws(LoginFailure) -> String {
        guard reply.isPositive else { throw Self.refusal(of: what, reply) }
        return reply.text
    }

    private static func refusal(of what: String, _ reply: TICReply) -> LoginFailure {
        LoginFailure(
            "the server answered \(what) with \(reply.code) \(reply.text.shortened(to: 100))",
            reply.code >= 500 ? .unreachable : .refused
        )
    }
}
