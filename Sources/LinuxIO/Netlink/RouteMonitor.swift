internal import CLinux
internal import Glibc
internal import SystemPackage

/// Tells of every change of the kernel's interfaces, neighbours, IPv4 routes and rules.
///
/// In the network namespace of the thread that created it. Needs no privilege.
public struct RouteMonitor: ~Copyable, Sendable {
    private static let bufferSize = 64 << 10

    private let descriptor: OwnedDescriptor
    private var buffer = [UInt8](repeating: 0, count: Self.bufferSize)

    /// For pollers: readable when something changed.
    public var fileDescriptor: CInt { self.descriptor.rawValue }

    /// Begins to watch.
    ///
    /// - Throws: ``SystemCallError`` when the process has no descriptor left, or the kernel is older than Linux 5.3.
    public init() throws(SystemCallError) {
        let type = CInt(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = try OwnedDescriptor("socket(NETLINK_ROUTE)", about: "watching routes") {
            socket(AF_NETLINK, type, NETLINK_ROUTE)
        }
        // First, since it would take memberships away again.
        try Self.bind(descriptor)
        let groups = [
            RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_NEXTHOP,
        ]
        for group in groups {
            var number = CInt(bitPattern: group.rawValue)
            let size = socklen_t(MemoryLayout<CInt>.size)
            try systemCall("setsockopt(NETLINK_ADD_MEMBERSHIP)", about: "watching routes") {
                setsockopt(descriptor.rawValue, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &number, size)
            }
        }
        self.descriptor = descriptor
    }

    /// Gives the socket a number of its own: to one without, the kernel tells nothing.
    private static func bind(_ descriptor: borrowing OwnedDescriptor) throws(SystemCallError) {
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        let socket = descriptor.rawValue
        try systemCall("bind", about: "watching routes") {
            withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.bind(socket, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
                }
            }
        }
    }

    /// Reads what changed, as many of the kernel's datagrams as asked for at most; nothing when nothing did.
    ///
    /// - Throws: ``SystemCallError``, which only a closed monitor brings about.
    public mutating func read(atMost datagrams: Int = 64) throws(SystemCallError) -> [RouteChange] {
        var changes: [RouteChange] = []
        let socket = self.descriptor.rawValue
        for _ in 0..<datagrams {
            let result = attempt {
                self.buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
            }
            switch result {
            case .success(let count):
                let messages = NetlinkReply.messages(in: Array(self.buffer.prefix(count)))
                changes += messages.compactMap { RouteChange($0) }
            case .failure(let error) where error.isWouldBlock: return changes
            // More changed than the socket could hold.
            case .failure(.noBufferSpace): changes.append(.anything)
            case .failure(let error):
                throw SystemCallError(call: "recv", errno: error, subject: "watching routes")
            }
        }
        return changes
    }
}
