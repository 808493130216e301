import Dispatch
import Glibc

/// A relay that passes octets on until it has passed enough, and then cuts or stalls.
final class TCPRelay: Sendable {
    enum End: Sendable {
        case cut
        case stall
    }

    private let server: LoopbackServer

    /// Relays to a port, until the client has sent more octets than the limit.
    init(to port: UInt16, after limit: Int, _ end: End) throws {
        self.server = try LoopbackServer { client in
            guard let descriptor = try? LoopbackSocket.connected(to: port) else { return }
            let target = LoopbackServer.Connection(descriptor: descriptor)
            let hasReturned = DispatchSemaphore(value: 0)
            TestThread.start {
                while let octets = target.read() { client.write(octets) }
                client.shut()
                hasReturned.signal()
            }
            var passed = 0
            while let octets = client.read() {
                passed += octets.count
                if passed > limit {
                    if end == .cut { break }
                    continue
                }
                target.write(octets)
            }
            target.shut()
            client.shut()
            // Whoever closes a descriptor must be its last user: its number is given away at once.
            hasReturned.wait()
            close(descriptor)
        }
    }

    var port: UInt16 { self.server.port }
}
