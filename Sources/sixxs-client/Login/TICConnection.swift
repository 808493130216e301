import LinuxIO
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
    private let server: String
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
                self.server = "\(server)"
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
        do throws(SystemCallError) { try self.socket.send(Array("\(line)\n".utf8)) } catch {
            throw LoginFailure("the connection to \(self.server) broke: \(error)", .unreachable)
        }
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
        guard self.lines.append(octets) else {
            throw LoginFailure("what answers at \(self.server) does not speak TIC", .nonsense)
        }
    }
}

extension IPAddress {
    fileprivate var isIPv4: Bool { if case .ipv4 = self { true } else { false } }
}
