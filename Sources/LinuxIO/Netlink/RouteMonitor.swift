internal import CLinux
internal import Glibc
internal import SystemPackage

/// Tells of every change of some of the kernel's tables.
///
/// In the network namespace of the thread that created it. Needs no privilege.
public struct RouteMonitor: ~Copyable, Sendable {
    /// Which tables are watched.
    public enum Subject: Hashable, Sendable {
        /// What next hops of IPv4 come from: interfaces, neighbours, routes and rules.
        case nextHops
        /// What a program has of its own: interfaces, addresses and routes of IPv6.
        case ownState
        /// Where packets go and how large they may be: interfaces, routes and rules, and no neighbours.
        case ways

        fileprivate var groups: [rtnetlink_groups] {
            switch self {
            case .nextHops:
                [RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_NEXTHOP]
            case .ownState:
                [
                    RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE,
                    RTNLGRP_IPV6_RULE,
                ]
            case .ways:
                [
                    RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_ROUTE,
                    RTNLGRP_IPV6_RULE,
                    RTNLGRP_NEXTHOP,
                ]
            }
        }
    }

    private static let bufferSize = 64 << 10

    private let descriptor: OwnedDescriptor
    private var buffer = [UInt8](repeating: 0, count: Self.bufferSize)

    /// For pollers: readable when something changed.
    public var fileDescriptor: CInt { self.descriptor.rawValue }

    /// Begins to watch.
    ///
    /// - Parameter subject: What.
    /// - Throws: ``SystemCallError`` when the process has no descriptor left, or the kernel is older than Linux 5.3.
    public init(_ subject: Subject = .nextHops) throws(SystemCallError) {
        let type = CInt(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = try OwnedDescriptor("socket(NETLINK_ROUTE)", about: "watching routes") {
            socket(AF_NETLINK, type, NETLINK_ROUTE)
        }
        // First, since it would take memberships away again.
        try Self.bind(descriptor)
        for group in subject.groups {
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

    /// Takes whatever changed, unread, as many of the kernel's datagrams as asked for at most.
    ///
    /// - Returns: Whether anything did.
    /// - Throws: ``SystemCallError``, which only a closed monitor brings about.
    public mutating func drain(atMost datagrams: Int = 4096) throws(SystemCallError) -> Bool {
        let socket = self.descriptor.rawValue
        for count in 0..<datagrams {
            let result = attempt {
                self.buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
            }
            switch result {
            case .success, .failure(.noBufferSpace): continue
            case .failure(let error) where error.isWouldBlock: return count > 0
            case .failure(let error):
                throw SystemCallError(call: "recv", errno: error, subject: "watching routes")
            }
        }
        return true
    }
}
