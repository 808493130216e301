import Glibc
import Synchronization

/// A TCP server on 127.0.0.1 with a thread a connection, for the other ends of tests.
final class LoopbackServer: Sendable {
    /// A connection that blocks.
    struct Connection: Sendable {
        let descriptor: Int32

        /// Reads what is there; nil at the end.
        func read() -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = recv(self.descriptor, &buffer, buffer.count, 0)
            return count > 0 ? Array(buffer.prefix(count)) : nil
        }

        /// - Returns: Whether all of it went out.
        @discardableResult
        func write(_ octets: [UInt8]) -> Bool {
            var sent = 0
            while sent < octets.count {
                let count = octets[sent...].withUnsafeBytes {
                    send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }

        /// Ends both directions; whoever reads sees the end.
        func shut() { shutdown(self.descriptor, Int32(SHUT_RDWR)) }

        /// Ends it with a reset instead of an end.
        func abort() {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(
                self.descriptor,
                SOL_SOCKET,
                SO_LINGER,
                &linger,
                socklen_t(MemoryLayout<Glibc.linger>.size)
            )
            self.shut()
        }
    }

    let port: UInt16
    private let listener: Int32
    private let connections = Connections()

    /// The descriptors that are served.
    private final class Connections: Sendable {
        private let descriptors = Mutex<Set<Int32>>([])

        func insert(_ descriptor: Int32) { self.descriptors.withLock { _ = $0.insert(descriptor) } }

        /// Forgets it first: the system gives its number to somebody else as soon as it is closed.
        func close(_ descriptor: Int32) {
            self.descriptors.withLock { _ = $0.remove(descriptor) }
            Glibc.close(descriptor)
        }

        func shutAll() {
            self.descriptors.withLock { $0.forEach { shutdown($0, Int32(SHUT_RDWR)) } }
        }
    }

    /// Listens at once; `serve` runs on a thread of its own for each connection, which ends with it.
    init(serve: @escaping @Sendable (Connection) -> Void) throws {
        self.listener = try LoopbackSocket.listening()
        self.port = LoopbackSocket.port(of: self.listener)
        let listener = self.listener
        let connections = self.connections
        TestThread.start {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                connections.insert(descriptor)
                TestThread.start {
                    serve(Connection(descriptor: descriptor))
                    connections.close(descriptor)
                }
            }
        }
    }

    deinit {
        self.stop()
        close(self.listener)
    }

    /// Refuses further connections and ends those there are.
    func stop() {
        shutdown(self.listener, Int32(SHUT_RDWR))
        self.connections.shutAll()
    }
}

/// Sockets on 127.0.0.1.
enum LoopbackSocket {
    struct Failure: Error {
        let call: String
        let code: Int32
    }

    /// Listens on a port, by default on any that is free.
    static func listening(on port: UInt16 = 0) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
        guard Self.withAddress(port: port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 64) == 0
        else {
            let code = errno
            close(descriptor)
            throw Failure(call: "bind", code: code)
        }
        return descriptor
    }

    static func port(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = getsockname(descriptor, $0, &length)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// Ports that Linux gives nobody who does not ask for them.
    private static let ports: Range<UInt16> = 20_000..<32_000
    private static let nextPort = Mutex(
        ports.lowerBound + UInt16(truncatingIfNeeded: getpid()) % UInt16(ports.count)
    )

    /// A port that nothing listens on, and that nobody else in this program gets.
    static func unusedPort() throws -> UInt16 {
        for _ in Self.ports {
            let port = Self.nextPort.withLock { next in
                defer { next = next + 1 < Self.ports.upperBound ? next + 1 : Self.ports.lowerBound }
                return next
            }
            guard let descriptor = try? Self.listening(on: port) else { continue }
            close(descriptor)
            return port
        }
        throw Failure(call: "bind", code: EADDRINUSE)
    }

    static func connected(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard Self.withAddress(port: port, { connect(descriptor, $0, $1) }) == 0 else {
            let code = errno
            close(descriptor)
            throw Failure(call: "connect", code: code)
        }
        return descriptor
    }

    private static func withAddress(
        port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// Threads for code that blocks.
enum TestThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread: pthread_t = 0
        let context = Unmanaged.passRetained(Body(body)).toOpaque()
        let code = pthread_create(
            &thread,
            nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            },
            context
        )
        if code == 0 { pthread_detach(thread) }
    }
}
