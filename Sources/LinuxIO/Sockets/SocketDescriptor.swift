internal import CLinux
internal import Glibc
internal import Wire

/// What a datagram socket does, whatever its protocol.
struct SocketDescriptor: ~Copyable, Sendable {
    /// What sockets ask the kernel to hold for them, in octets; it may grant less.
    static let bufferSize: CInt = 8 << 20

    /// What travels over a socket.
    enum Kind {
        /// Datagrams of a transport protocol.
        case datagram
        /// Packets of a protocol that the program itself speaks.
        case raw

        fileprivate var type: __socket_type {
            switch self {
            case .datagram: SOCK_DGRAM
            case .raw: SOCK_RAW
            }
        }
    }

    private let descriptor: OwnedDescriptor

    /// What errors call the socket.
    let subject: String

    var rawValue: CInt { self.descriptor.rawValue }

    /// Opens a non-blocking socket.
    init(
        family: AddressFamily,
        kind: Kind,
        protocolNumber: CInt,
        subject: String
    ) throws(SystemCallError) {
        let flags = kind.type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        self.subject = subject
        self.descriptor = try OwnedDescriptor("socket", about: subject) {
            socket(family.domain, CInt(flags), protocolNumber)
        }
    }

    /// Sets an integer option.
    func set(_ name: String, level: CInt, option: CInt, to value: CInt) throws(SystemCallError) {
        var value = value
        try systemCall("setsockopt(\(name))", about: self.subject) {
            setsockopt(self.rawValue, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
        }
    }

    /// Throws away what was received so far; where more comes meanwhile, no more than would have found room.
    func discardAll() {
        for _ in 0..<Int(Self.bufferSize) / 64 {
            guard case .success = attempt({ recv(self.rawValue, nil, 0, CInt(MSG_DONTWAIT)) }) else { return }
        }
    }

    /// Asks for large buffers, beyond the host's limit where the process may.
    func enlargeBuffers() throws(SystemCallError) {
        do throws(SystemCallError) {
            try self.set("SO_RCVBUFFORCE", level: SOL_SOCKET, option: SO_RCVBUFFORCE, to: Self.bufferSize)
            try self.set("SO_SNDBUFFORCE", level: SOL_SOCKET, option: SO_SNDBUFFORCE, to: Self.bufferSize)
        } catch {
            try self.set("SO_RCVBUF", level: SOL_SOCKET, option: SO_RCVBUF, to: Self.bufferSize)
            try self.set("SO_SNDBUF", level: SOL_SOCKET, option: SO_SNDBUF, to: Self.bufferSize)
        }
    }

    /// Has the kernel say of each datagram which local address, traffic class and hop limit it came with.
    func enableControlMessages(family: AddressFamily) throws(SystemCallError) {
        let ipv4 = CInt(IPPROTO_IP)
        let ipv6 = CInt(IPPROTO_IPV6)
        switch family {
        case .ipv4:
            try self.set("IP_PKTINFO", level: ipv4, option: IP_PKTINFO, to: 1)
            try self.set("IP_RECVTOS", level: ipv4, option: IP_RECVTOS, to: 1)
            try self.set("IP_RECVTTL", level: ipv4, option: IP_RECVTTL, to: 1)
        case .ipv6:
            try self.set("IPV6_RECVPKTINFO", level: ipv6, option: IPV6_RECVPKTINFO, to: 1)
            try self.set("IPV6_RECVTCLASS", level: ipv6, option: IPV6_RECVTCLASS, to: 1)
            try self.set("IPV6_RECVHOPLIMIT", level: ipv6, option: IPV6_RECVHOPLIMIT, to: 1)
        }
    }

    /// Sets DSCP and ECN of what is sent from now on.
    func setTrafficClass(_ trafficClass: UInt8, family: AddressFamily) throws(SystemCallError) {
        let value = CInt(trafficClass)
        switch family {
        case .ipv4: try self.set("IP_TOS", level: CInt(IPPROTO_IP), option: IP_TOS, to: value)
        case .ipv6: try self.set("IPV6_TCLASS", level: CInt(IPPROTO_IPV6), option: IPV6_TCLASS, to: value)
        }
    }

    /// Has the kernel learn nothing of paths from ICMP errors about packets that it takes for this socket's.
    ///
    /// It believes whatever quotes the right addresses and ports, for all that the host sends that way. What is sent through
    /// the socket has DF clear over IPv4.
    ///
    /// - Parameters:
    ///   - family: Which version of IP.
    ///   - fragments: Whether what is longer than the link takes leaves in fragments, and is not refused.
    /// - Throws: ``SystemCallError``, which only a closed socket brings about.
    func learnNoPathMTUs(family: AddressFamily, fragments: Bool = false) throws(SystemCallError) {
        let (ipv4, ipv6) = (CInt(IPPROTO_IP), CInt(IPPROTO_IPV6))
        switch family {
        case .ipv4:
            let value = fragments ? IP_PMTUDISC_OMIT : IP_PMTUDISC_INTERFACE
            try self.set("IP_MTU_DISCOVER", level: ipv4, option: IP_MTU_DISCOVER, to: value)
        case .ipv6:
            let value = fragments ? IPV6_PMTUDISC_OMIT : IPV6_PMTUDISC_INTERFACE
            try self.set("IPV6_MTU_DISCOVER", level: ipv6, option: IPV6_MTU_DISCOVER, to: value)
        }
    }

    /// Has the kernel send what the link takes, with DF set over IPv4 unless the header says otherwise, whatever it knows of
    /// the path.
    func ignorePathMTUs(family: AddressFamily) throws(SystemCallError) {
        let (ipv4, ipv6) = (CInt(IPPROTO_IP), CInt(IPPROTO_IPV6))
        switch family {
        case .ipv4:
            try self.set("IP_MTU_DISCOVER", level: ipv4, option: IP_MTU_DISCOVER, to: IP_PMTUDISC_PROBE)
        case .ipv6:
            let value = IPV6_PMTUDISC_PROBE
            try self.set("IPV6_MTU_DISCOVER", level: ipv6, option: IPV6_MTU_DISCOVER, to: value)
        }
    }

    /// Whether other sockets of this user may have the same port.
    var isPortShared: Bool {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(self.rawValue, SOL_SOCKET, SO_REUSEPORT, &value, &length) == 0 && value != 0
    }

    /// Lets other sockets of this user have the same port, or no more of them.
    func sharePort(_ isShared: Bool) throws(SystemCallError) {
        try self.set("SO_REUSEPORT", level: SOL_SOCKET, option: SO_REUSEPORT, to: isShared ? 1 : 0)
    }

    /// Lets the socket be bound to an address that the host may not have.
    func bindAnywhere(family: AddressFamily) throws(SystemCallError) {
        switch family {
        case .ipv4: try self.set("IP_FREEBIND", level: CInt(IPPROTO_IP), option: IP_FREEBIND, to: 1)
        case .ipv6:
            let option = CLINUX_IPV6_FREEBIND
            try self.set("IPV6_FREEBIND", level: CInt(IPPROTO_IPV6), option: option, to: 1)
        }
    }

    /// Binds to a local address.
    func bind(to address: SocketAddress) throws(SystemCallError) {
        try systemCall("bind", about: self.subject) {
            address.withPointer { Glibc.bind(self.rawValue, $0, $1) }
        }
    }

    /// Fixes the remote end.
    func connect(to address: SocketAddress) throws(SystemCallError) {
        try systemCall("connect", about: self.subject) {
            address.withPointer { Glibc.connect(self.rawValue, $0, $1) }
        }
    }

    /// Sends to the remote end that ``connect(to:)`` fixed, whatever ICMP says of what was sent before.
    func send(_ octets: RawSpan) throws(SystemCallError) {
        let result = octets.withUnsafeBytes { buffer in
            attemptToSend {
                Glibc.send(self.rawValue, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT))
            }
        }
        guard case .failure(let error) = result else { return }
        throw SystemCallError(call: "send", errno: error, subject: self.subject)
    }

    /// The local end, as the kernel chose it.
    func localAddress() throws(SystemCallError) -> SocketAddress {
        var address = SocketAddress()
        var length = socklen_t(MemoryLayout<SocketAddress>.size)
        try systemCall("getsockname", about: self.subject) {
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getsockname(self.rawValue, $0, &length)
                }
            }
        }
        return address
    }
}
