internal import CLinux
internal import Glibc
public import Wire

/// An IPv6 address of an interface.
public struct InterfaceAddress: Hashable, Sendable {
    /// Number of the interface.
    public let interface: UInt32

    /// The address.
    public let address: IPv6Address

    /// How many of its bits the link shares.
    public let prefixLength: Int

    /// Creates a description.
    public init(_ address: IPv6Address, prefixLength: Int, interface: UInt32) {
        self.interface = interface
        self.address = address
        self.prefixLength = prefixLength
    }

    /// Reads a message about an address; nil when it is about something else.
    init?(_ reply: NetlinkReply) {
        let fixedLength = MemoryLayout<ifaddrmsg>.size
        guard reply.type == UInt16(RTM_NEWADDR), reply.body.count >= fixedLength else { return nil }
        let message = reply.body.withUnsafeBytes { $0.loadUnaligned(as: ifaddrmsg.self) }
        let attributes = NetlinkReply.attributes(in: reply.body.dropFirst(fixedLength))
        guard message.ifa_family == UInt8(AF_INET6), message.ifa_prefixlen <= 128,
            // On a link to one other host, the address there is the other one.
            let address = attributes.ipv6Address(UInt16(IFA_LOCAL))
                ?? attributes.ipv6Address(UInt16(IFA_ADDRESS))
        else { return nil }
        self.interface = message.ifa_index
        self.address = address
        self.prefixLength = Int(message.ifa_prefixlen)
    }
}
