internal import Wire

/// Reaches daemons through SSH, each conversation over a connection of its own.
package struct SSHConnector: DaemonConnector {
    let deadlines: ConnectionDeadlines

    /// Gives each step the time that it usually has.
    package init() { self.init(deadlines: ConnectionDeadlines()) }

    package init(deadlines: ConnectionDeadlines) { self.deadlines = deadlines }

    package func converse<Answer: Sendable>(
        with pop: PoP,
        _ conversation: @escaping @Sendable (any DaemonSession) throws(ConnectionFailure) -> Answer
    ) async throws(ConnectionFailure) -> Answer {
        guard let trusted = pop.hostKey else { throw .hostKeyUnknown }
        let deadlines = self.deadlines
        return try await SessionThread.run { cancellation throws(ConnectionFailure) in
            let path = SSHPath(pop: pop, deadlines: deadlines, cancellation: cancellation)
            return try conversation(try path.openDaemonSession(trusted))
        }
    }

    /// Asks the server for its host key, without trusting it or logging in.
    package func hostKey(of pop: PoP) async throws(ConnectionFailure) -> HostKey {
        let deadlines = self.deadlines
        return try await SessionThread.run { cancellation throws(ConnectionFailure) in
            try SSHPath(pop: pop, deadlines: deadlines, cancellation: cancellation).scan()
        }
    }
}

/// The way to one PoP, step by step, each with its own deadline.
private struct SSHPath {
    let pop: PoP
    let deadlines: ConnectionDeadlines
    let cancellation: EventDescriptor

    private func clock(_ step: ConnectionStep) -> StepClock {
        StepClock(step, self.deadlines, cancellation: self.cancellation)
    }

    private func openSession(keyTypes: String?) throws(ConnectionFailure) -> SSHSession {
        let host = self.pop.sshHost
        let port = self.pop.ssh.port
        let addresses = try NameLookup.addresses(of: host, port: port, clock: self.clock(.lookup))
        let name = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let clock = self.clock(.connect(to: "\(host) port \(port)"))
        let connection = try TCPConnection(to: addresses, name: name, clock: clock)
        return try SSHSession(over: connection, user: self.pop.ssh.user, keyTypes: keyTypes)
    }

    func scan() throws(ConnectionFailure) -> HostKey {
        let session = try self.openSession(keyTypes: nil)
        try session.exchangeKeys(self.clock(.keyExchange))
        return try session.serverKey()
    }

    func openDaemonSession(_ trusted: HostKey) throws(ConnectionFailure) -> SSHDaemonSession {
        let session = try self.openSession(keyTypes: trusted.algorithms)
        do {
            try session.exchangeKeys(self.clock(.keyExchange))
        } catch .handshake(let reason) {
            // Only keys of the trusted type were asked for. A server that speaks SSH when any will do has no such key, whatever
            // words the library has for it.
            guard let shown = try? self.scan(), shown.type != trusted.type else {
                throw .handshake(reason: reason)
            }
            throw .hostKeyChanged(trusted: trusted.fingerprint, shown: shown.fingerprint)
        }
        try session.verify(trusted)
        try session.authenticate(
            self.pop.ssh.user,
            keyFile: self.pop.ssh.keyFile,
            self.clock(.authentication)
        )
        try session.openChannel(to: self.pop.control, self.clock(.channel))
        return try SSHDaemonSession(session, self.deadlines, self.cancellation)
    }
}

/// A daemon's control port at the other end of an SSH channel.
private final class SSHDaemonSession: DaemonSession {
    private let session: SSHSession
    private let deadlines: ConnectionDeadlines
    private let cancellation: EventDescriptor
    private var parser = ControlReplyParser(limit: .short)
    /// What made the connection of no use: after half a reply nobody knows where the next one begins.
    private var failure: ConnectionFailure?

    /// Waits for the daemon's greeting.
    init(
        _ session: SSHSession,
        _ deadlines: ConnectionDeadlines,
        _ cancellation: EventDescriptor
    ) throws(ConnectionFailure) {
        self.session = session
        self.deadlines = deadlines
        self.cancellation = cancellation
        let greeting = try self.reply(StepClock(.greeting, deadlines, cancellation: cancellation))
        guard greeting.isSuccess else {
            throw .refused(.greeting, reply: "\(greeting.code) \(greeting.text)")
        }
    }

    func request(
        _ octets: [UInt8],
        named name: String,
        upTo limit: ReplyLimit
    ) throws(ConnectionFailure) -> ControlReply {
        if let failure = self.failure { throw failure }
        self.parser.limit = limit
        let clock = StepClock(.request(name), self.deadlines, cancellation: self.cancellation)
        try self.session.write(octets, clock)
        return try self.reply(clock)
    }

    func nextReply(named name: String, within limit: Duration) throws(ConnectionFailure) -> ControlReply {
        var deadlines = self.deadlines
        deadlines.request = limit
        return try self.reply(StepClock(.request(name), deadlines, cancellation: self.cancellation))
    }

    private func reply(_ clock: StepClock) throws(ConnectionFailure) -> ControlReply {
        while true {
            do throws(ControlReplyError) {
                if let reply = try self.parser.next() { return reply }
            } catch {
                let failure = ConnectionFailure.nonsense(clock.step, reason: error.description)
                self.failure = failure
                throw failure
            }
            self.parser.append(try self.session.read(clock))
        }
    }
}
