internal import CLinux
internal import Glibc
internal import SystemPackage
public import Wire

/// A connection that octets go over in order, TCP or a UNIX socket; its calls wait.
public struct StreamSocket: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor
    /// The other end, for errors.
    private let subject: String

    /// Connects over TCP.
    ///
    /// - Parameter endpoint: The other end.
    /// - Throws: ``SystemCallError``, for instance when nobody listens there.
    public init(connectingTo endpoint: Endpoint) throws(SystemCallError) {
        let subject = "\(endpoint)"
        let address = SocketAddress(endpoint.address, port: endpoint.port)
        let family =
            switch endpoint.address {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            }
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try OwnedDescriptor("socket", about: subject) { socket(family, type, 0) }
        try systemCall("connect", about: subject) {
            address.withPointer { connect(descriptor.rawValue, $0, $1) }
        }
        self.descriptor = descriptor
        self.subject = subject
    }

    /// Connects over TCP, and waits for nothing longer than it is told.
    ///
    /// - Parameters:
    ///   - endpoint: The other end.
    ///   - local: The address to connect from, or nil for the one that the route suggests.
    ///   - limit: How long connecting and each sending may take.
    ///   - silence: How long ``receive(atMost:)`` may wait.
    /// - Throws: ``SystemCallError``, for instance when nobody listens there.
    public init(
        connectingTo endpoint: Endpoint,
        from local: IPAddress?,
        within limit: Duration,
        waiting silence: Duration
    ) throws(SystemCallError) {
        let subject = "\(endpoint)"
        let family =
            switch endpoint.address {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            }
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try OwnedDescriptor("socket", about: subject) { socket(family, type, 0) }
        try Self.set("SO_SNDTIMEO", SO_SNDTIMEO, to: limit, of: descriptor, about: subject)
        try Self.set("SO_RCVTIMEO", SO_RCVTIMEO, to: silence, of: descriptor, about: subject)
        if let local {
            let address = SocketAddress(local, port: 0)
            try systemCall("bind", about: subject) {
                address.withPointer { bind(descriptor.rawValue, $0, $1) }
            }
        }
        let address = SocketAddress(endpoint.address, port: endpoint.port)
        do throws(SystemCallError) {
            try systemCall("connect", about: subject) {
                address.withPointer { connect(descriptor.rawValue, $0, $1) }
            }
        } catch {
            guard error.errno.rawValue == EINPROGRESS else { throw error }
            throw error.explained("no answer within \(limit.components.seconds) s")
        }
        self.descriptor = descriptor
        self.subject = subject
    }

    /// Sets one of the two limits on how long a call waits, in whole seconds.
    private static func set(
        _ name: String,
        _ option: CInt,
        to limit: Duration,
        of descriptor: borrowing OwnedDescriptor,
        about subject: String
    ) throws(SystemCallError) {
        var time = timeval()
        time.tv_sec = Int(clamping: limit.components.seconds)
        let size = socklen_t(MemoryLayout<timeval>.size)
        try systemCall("setsockopt(\(name))", about: subject) {
            setsockopt(descriptor.rawValue, SOL_SOCKET, option, &time, size)
        }
    }

    /// Connects to a UNIX socket.
    ///
    /// - Parameter path: The socket's file.
    /// - Throws: ``SystemCallError``, for instance when nobody listens there, or this user may not.
    public init(connectingToFile path: String) throws(SystemCallError) {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try OwnedDescriptor("socket(AF_UNIX)", about: path) { socket(AF_UNIX, type, 0) }
        try SocketFile.call("connect", path) { connect(descriptor.rawValue, $0, $1) }
        self.descriptor = descriptor
        self.subject = path
    }

    /// Sends all octets.
    ///
    /// - Throws: ``SystemCallError``; some octets may have been sent then.
    public func send(_ octets: [UInt8]) throws(SystemCallError) {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = try systemCall("send", about: self.subject) {
                rest.withUnsafeBytes { buffer in
                    Glibc.send(self.descriptor.rawValue, buffer.baseAddress, buffer.count, CInt(MSG_NOSIGNAL))
                }
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits for octets.
    ///
    /// - Parameter limit: How many at most.
    /// - Returns: What has come; empty when the other end is done.
    /// - Throws: ``SystemCallError``.
    public func receive(atMost limit: Int = 64 << 10) throws(SystemCallError) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: limit)
        let count = try systemCall("recv", about: self.subject) {
            octets.withUnsafeMutableBytes { buffer in
                recv(self.descriptor.rawValue, buffer.baseAddress, buffer.count, 0)
            }
        }
        return Array(octets.prefix(count))
    }
}
