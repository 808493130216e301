import CLinux
import Glibc
import SystemPackage
import Testing
import Wire

@testable import LinuxIO

@Suite(
    "Socket diagnostics",
    .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement)
)
struct SocketDiagnosticsTests {
    private static let stranger: uid_t = 65_534

    /// A connection of this host, whose one end belongs to somebody.
    private final class Connection {
        private(set) var client: CInt
        private(set) var server: CInt
        private let listener: CInt
        /// Where the client is, and where the server.
        let ends: (client: Endpoint, server: Endpoint)

        init(_ address: IPAddress, of user: uid_t) throws {
            var place = SocketAddress(address, port: 0)
            let domain: CInt =
                switch address {
                case .ipv4: AF_INET
                case .ipv6: AF_INET6
                }
            let stream = CInt(SOCK_STREAM.rawValue)
            self.listener = socket(domain, stream, 0)
            self.client = socket(domain, stream, 0)
            try Self.bind(self.listener, &place)
            guard Glibc.listen(self.listener, 4) == 0 else { throw Errno(rawValue: errno) }
            var found = Self.name(of: self.listener, getsockname)
            // As if somebody else had made it.
            guard fchown(self.client, user, gid_t.max) == 0 else { throw Errno(rawValue: errno) }
            try Self.connect(self.client, &found)
            self.server = accept(self.listener, nil, nil)
            let near = Self.name(of: self.client, getsockname)
            self.ends = (Endpoint(address, port: near.port), Endpoint(address, port: found.port))
        }

        deinit {
            for descriptor in [self.client, self.server, self.listener] where descriptor >= 0 {
                close(descriptor)
            }
        }

        func closeClient() {
            close(self.client)
            self.client = -1
        }

        func closeServer() {
            close(self.server)
            self.server = -1
        }

        private static func bind(_ socket: CInt, _ place: inout SocketAddress) throws {
            let length = socklen_t(MemoryLayout<SocketAddress>.size)
            let code = withUnsafePointer(to: &place) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(socket, $0, length) }
            }
            guard code == 0 else { throw Errno(rawValue: errno) }
        }

        private static func connect(_ socket: CInt, _ place: inout SocketAddress) throws {
            let length = socklen_t(MemoryLayout<SocketAddress>.size)
            let code = withUnsafePointer(to: &place) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(socket, $0, length)
                }
            }
            guard code == 0 else { throw Errno(rawValue: errno) }
        }

        private static func name(
            of socket: CInt,
            _ call: (CInt, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> CInt
        ) -> SocketAddress {
            var address = SocketAddress()
            var length = socklen_t(MemoryLayout<SocketAddress>.size)
            _ = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(socket, $0, &length) }
            }
            return address
        }
    }

    /// Asks whose an end is.
    private static func expect(
        _ holder: SocketHolder,
        of end: Endpoint,
        connectedTo other: Endpoint,
        _ diagnostics: inout SocketDiagnostics,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let answer = try diagnostics.holder(of: end, connectedTo: other)
        #expect(answer == holder, sourceLocation: sourceLocation)
    }

    private static let addresses: [IPAddress] = [
        .ipv4(IPv4Address(127, 0, 0, 1)), .ipv6(IPv6Address(high: 0, low: 1)),
        .ipv6(IPv6Address(mapping: IPv4Address(127, 0, 0, 1))),
    ]

    @Test(arguments: Self.addresses)
    func sayWhoseAConnectionIs(_ address: IPAddress) throws {
        try NetworkNamespace.run {
            var diagnostics = try SocketDiagnostics()
            let connection = try Connection(address, of: Self.stranger)
            let (client, server) = connection.ends

            try Self.expect(.user(Self.stranger), of: client, connectedTo: server, &diagnostics)
            try Self.expect(.user(getuid()), of: server, connectedTo: client, &diagnostics)
            // However its address is written.
            let mapped = Endpoint(.ipv6(client.address.mapped), port: client.port)
            try Self.expect(.user(Self.stranger), of: mapped, connectedTo: server, &diagnostics)
            let elsewhere = Endpoint(server.address, port: server.port ^ 1)
            try Self.expect(.notHere, of: client, connectedTo: elsewhere, &diagnostics)
        }
    }

    /// The kernel says user 0 of a connection that no process holds any more.
    @Test(arguments: Self.addresses)
    func sayOfWhatWasClosedThatItIsNobodys(_ address: IPAddress) throws {
        try NetworkNamespace.run {
            var diagnostics = try SocketDiagnostics()
            let connection = try Connection(address, of: Self.stranger)
            let (client, server) = connection.ends

            shutdown(connection.client, CInt(SHUT_WR))
            try Self.expect(.user(Self.stranger), of: client, connectedTo: server, &diagnostics)
            connection.closeClient()
            try Self.expect(.nobody, of: client, connectedTo: server, &diagnostics)
            // The server answers the end: what is left waits for stray segments.
            connection.closeServer()
            let last = try diagnostics.holder(of: client, connectedTo: server)
            #expect(last == .nobody || last == .notHere)
        }
    }

    /// Where no connection is found the kernel shows who listens on that port, which is somebody else.
    @Test
    func takeNobodyWhoListensForWhoIsConnected() throws {
        try NetworkNamespace.run {
            var diagnostics = try SocketDiagnostics()
            let connection = try Connection(Self.addresses[0], of: Self.stranger)
            let listening = connection.ends.server
            let stranger = Endpoint(listening.address, port: listening.port ^ 1)

            try Self.expect(.notHere, of: listening, connectedTo: stranger, &diagnostics)
            let (seen, unseen) = (
                diagnostics.seesListener(at: listening), diagnostics.seesListener(at: stranger)
            )
            #expect(seen && !unseen)
        }
    }
}
