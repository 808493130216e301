import LinuxIO
import TLS
import Wire

/// A TCP connection to a TIC server; its calls wait, all of them together for a bounded time.
final class TICConnection: TICTransport {
    /// How long the server may take to accept the connection.
    private static let connecting = Duration.seconds(10)

    /// How long nothing may come: servers let those wait who sent wrong secrets.
    private static let silence = Duration.seconds(45)

    /// How long all of it may take.
    private static let whole: UInt64 = 150 * 1_000_000_000

    private let socket: StreamSocket
    private let server: TICServerName
    private var session: TLSSession?
    private let end: UInt64
    private var lines = TICLines()

    /// Connects to the first address that accepts.
    ///
    /// - Parameters:
    ///   - server: The server.
    ///   - local: The address to connect from, or nil for the one that the route suggests.
    /// - Throws: ``LoginFailure``.
    init(to server: TICServerName, from local: IPAddress?) throws(LoginFailure) {
        let all = try Self.addresses(of: server)
        let usable = all.filter { address in local.map { $0.isOfSameFamily(as: address) } ?? true }
        // IPv6 may lead into the very tunnel that is silent.
        let addresses = usable.filter(\.isIPv4) + usable.filter { !$0.isIPv4 }
        var failure = LoginFailure("\(server) has no address of the family of --local", .unreachable)
        for address in addresses {
            let endpoint = Endpoint(address, port: server.port)
            do throws(SystemCallError) {
                self.socket = try StreamSocket(
                    connectingTo: endpoint,
                    from: local,
                    within: Self.connecting,
                    waiting: Self.silence
                )
                self.server = server
                self.end = MonotonicClock.now() + Self.whole
                return
            } catch {
                failure = LoginFailure("no connection to \(server): \(error)", .unreachable)
            }
        }
        throw failure
    }

    private static func addresses(of server: TICServerName) throws(LoginFailure) -> [IPAddress] {
        switch server.host {
        case .address(let address): return [address]
        case .name(let name):
            do throws(HostLookup.Failure) { return try HostLookup.addresses(of: name) } catch {
                throw LoginFailure("\(name) cannot be looked up: \(error)", .unreachable)
            }
        }
    }

    func send(_ line: String) throws(LoginFailure) {
        let octets = Array("\(line)\n".utf8)
        guard let session = self.session else { return try self.transmit(octets) }
        guard session.send(octets) else {
            throw LoginFailure("TLS with \(self.server) broke", .unreachable)
        }
        try self.transmit(session.takeOutput())
    }

    private func transmit(_ octets: [UInt8]) throws(LoginFailure) {
        guard !octets.isEmpty else { return }
        do throws(SystemCallError) { try self.socket.send(octets) } catch {
            throw LoginFailure("the connection to \(self.server) broke: \(error)", .unreachable)
        }
    }

    func beginTLS(trusting trust: TLSContext.Trust) throws(LoginFailure) {
        // What came behind the answer came in the clear, from anybody.
        guard self.lines.count == 0 else {
            throw LoginFailure("\(self.server) sent more before TLS had begun", .nonsense)
        }
        let session: TLSSession
        do throws(TLSFailure) {
            session = try TLSSession(try TLSContext(trusting: trust), toward: "\(self.server.host)")
        } catch {
            throw LoginFailure(error.description, .refused)
        }
        var received = session.receive([])
        while !session.isEstablished {
            try self.transmit(session.takeOutput())
            guard received.outcome == .wantsMore else {
                let reason = session.distrust.map { "its certificate is not believed: \($0)" }
                throw LoginFailure(
                    "no TLS with \(self.server): \(reason ?? "the handshake failed")",
                    .refused
                )
            }
            received = session.receive(try self.read())
        }
        self.session = session
        try self.transmit(session.takeOutput())
        try self.keep(received.octets)
    }

    func receive() throws(LoginFailure) -> [UInt8] {
        while true {
            switch self.lines.next() {
            case .line(let line): return line
            case .tooLong: throw LoginFailure("what answers at \(self.server) does not speak TIC", .nonsense)
            case nil: try self.fill()
            }
        }
    }

    private func fill() throws(LoginFailure) {
        let octets = try self.read()
        guard let session = self.session else { return try self.keep(octets) }
        let received = session.receive(octets)
        try self.transmit(session.takeOutput())
        guard received.outcome == .wantsMore || !received.octets.isEmpty else {
            throw LoginFailure("\(self.server) closed the connection", .unreachable)
        }
        try self.keep(received.octets)
    }

    private func keep(_ octets: [UInt8]) throws(LoginFailure) {
        guard self.lines.append(octets) else {
            throw LoginFailure("what answers at \(self.server) does not speak TIC", .nonsense)
        }
    }

    private func read() throws(LoginFailure) -> [UInt8] {
        guard MonotonicClock.now() < self.end else {
            throw LoginFailure("\(self.server) took too long to answer", .unreachable)
        }
        let octets: [UInt8]
        do throws(SystemCallError) { octets = try self.socket.receive(atMost: 2048) } catch {
            throw LoginFailure("\(self.server) does not answer: \(error)", .unreachable)
        }
        guard !octets.isEmpty else {
            throw LoginFailure("\(self.server) closed the connection", .unreachable)
        }
        return octets
    }
}

extension IPAddress {
    fileprivate var isIPv4: Bool { if case .ipv4 = self { true } else { false } }
}
