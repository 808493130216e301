internal import Glibc
internal import SystemPackage

extension SystemCallError {
    /// Whether what was to be made is there already.
    public var isAlreadyThere: Bool { self.errno == .fileExists }

    /// Whether what was to be removed is not there.
    public var isGoneAlready: Bool { self.errno == .noSuchProcess || self.errno == .noSuchFileOrDirectory }

    /// Whether nobody listens at the path of a UNIX socket: it is not there, or was left by a process that is gone.
    public var isMissingOrUnused: Bool {
        self.errno == .noSuchFileOrDirectory || self.errno == .connectionRefused
    }

    /// Whether the far host said that nothing there takes what a connected socket sends.
    public var isRefusal: Bool { self.errno == .connectionRefused || self.errno == .protocolNotAvailable }

    /// Whether a packet was longer than what its path or its link takes.
    public var isTooLong: Bool { self.errno == .messageTooLong }

    /// Whether an ICMP error can have brought it, which anybody can make up: a socket keeps what such a message says until its
    /// next call, whatever that is about.
    public var mayComeFromOutside: Bool { Self.sayingsOfICMP.contains(self.errno) }

    /// What Linux makes of the codes of ICMP and ICMPv6.
    private static let sayingsOfICMP: Set<Errno> = [
        .networkUnreachable, .noRouteToHost, .protocolNotAvailable, .connectionRefused, .messageTooLong,
        .permissionDenied, Errno(rawValue: EOPNOTSUPP), Errno(rawValue: EHOSTDOWN), Errno(rawValue: ENONET),
        Errno(rawValue: EPROTO),
    ]

    /// Whether sending failed for one packet only, so that the socket is as good as before: no room, or forbidden by a packet
    /// filter.
    public var concernsOnePacket: Bool { self.errno.isLackOfRoom || self.errno == .notPermitted }
}
