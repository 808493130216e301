internal import CLinux
internal import Glibc
public import Wire

/// An entry of the kernel's table of IPv4 neighbours, as far as packets can be sent by it.
public struct Neighbour: Hashable, Sendable {
    /// States in which the kernel itself sends to the address (`NUD_VALID`).
    private static let usableStates = UInt16(
        NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY
    )

    /// Who: an address on the link of an interface.
    public struct Name: Hashable, Sendable {
        /// Number of the interface.
        public var interface: UInt32

        /// The address.
        public var address: IPv4Address

        /// Creates a name.
        public init(interface: UInt32, address: IPv4Address) {
            self.interface = interface
            self.address = address
        }
    }

    /// Who it is.
    public let name: Name

    /// Its link-layer address; nil when it is not known, or known no more.
    public let linkAddress: LinkAddress?

    /// Creates a description.
    public init(name: Name, linkAddress: LinkAddress?) {
        self.name = name
        self.linkAddress = linkAddress
    }

    /// Reads a message about a neighbour; nil when it is about something else.
    init?(_ reply: NetlinkReply) {
        let fixedLength = MemoryLayout<ndmsg>.size
        guard [UInt16(RTM_NEWNEIGH), UInt16(RTM_DELNEIGH)].contains(reply.type),
            reply.body.count >= fixedLength
        else { return nil }
        let message = reply.body.withUnsafeBytes { $0.loadUnaligned(as: ndmsg.self) }
        let attributes = NetlinkReply.attributes(in: reply.body.dropFirst(fixedLength))
        guard message.ndm_family == UInt8(AF_INET), let address = attributes.ipv4Address(UInt16(NDA_DST))
        else { return nil }
        let isUsable =
            reply.type == UInt16(RTM_NEWNEIGH) && message.ndm_state & Self.usableStates != 0
        self.name = Name(interface: UInt32(bitPattern: message.ndm_ifindex), address: address)
        self.linkAddress = isUsable ? attributes[UInt16(NDA_LLADDR)].flatMap { LinkAddress($0) } : nil
    }
}
