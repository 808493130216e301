internal import Glibc

/// Attempts to connect to several addresses of one host, staggered as RFC 8305 §5 says.
struct ConnectionAttempts {
    /// The Connection Attempt Delay that RFC 8305 §8 recommends.
    static let delay = Duration.milliseconds(250)

    private var waiting: ArraySlice<SocketAddress>

    /// The sockets of the attempts that are under way.
    private(set) var descriptors: [Int32] = []

    /// When the next attempt begins at the latest.
    private(set) var nextStart: ContinuousClock.Instant

    /// Why the last attempt failed that did.
    private(set) var reason = "it has no address"

    init(_ addresses: [SocketAddress]) {
        self.waiting = addresses[...]
        self.nextStart = .now
    }

    /// Whether none is under way, and none to come.
    var areOver: Bool { self.descriptors.isEmpty && self.waiting.isEmpty }

    /// Begins the next attempt when its time has come, or when nothing else is under way.
    mutating func beginDue() {
        while let address = self.waiting.first, self.descriptors.isEmpty || .now >= self.nextStart {
            self.waiting.removeFirst()
            self.begin(address)
        }
    }

    private mutating func begin(_ address: SocketAddress) {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, flags, 0)
        guard descriptor >= 0 else {
            self.reason = SystemMessage.current
            return
        }
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        let started = address.octets.withUnsafeBytes { octets in
            let pointer = octets.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return Glibc.connect(descriptor, pointer, socklen_t(octets.count))
        }
        guard started == 0 || errno == EINPROGRESS else {
            self.reason = SystemMessage.current
            close(descriptor)
            return
        }
        self.descriptors.append(descriptor)
        // The last one has nobody behind it.
        self.nextStart = self.waiting.isEmpty ? .now + .seconds(3600) : .now + Self.delay
    }

    /// Takes the socket of an attempt that succeeded, and closes those that failed.
    mutating func winner() -> Int32? {
        var polled = self.descriptors.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
        guard poll(&polled, nfds_t(polled.count), 0) > 0 else { return nil }
        for attempt in polled where attempt.revents != 0 {
            var code: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(attempt.fd, SOL_SOCKET, SO_ERROR, &code, &length)
            self.descriptors.removeAll { $0 == attempt.fd }
            if code == 0 { return attempt.fd }
            close(attempt.fd)
            self.reason = SystemMessage.text(of: code)
        }
        return nil
    }

    /// Gives up what is under way.
    mutating func closeAll() {
        for descriptor in self.descriptors { close(descriptor) }
        self.descriptors = []
    }
}
