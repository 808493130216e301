internal import CLinux
internal import Glibc

/// An interface that speaks Ethernet and is up.
public struct EthernetLink: Hashable, Sendable {
    /// What `ifi_type` says of Ethernet (`ARPHRD_ETHER`).
    private static let hardwareType: UInt16 = 1

    /// Size of the largest IP packet, in octets.
    public let mtu: Int

    /// Creates a description.
    public init(mtu: Int) {
        self.mtu = mtu
    }

    /// Reads a message about an interface; nil when it is down or of another kind.
    init?(_ reply: NetlinkReply) {
        let fixedLength = MemoryLayout<ifinfomsg>.size
        guard reply.type == UInt16(RTM_NEWLINK), reply.body.count >= fixedLength else { return nil }
        let message = reply.body.withUnsafeBytes { $0.loadUnaligned(as: ifinfomsg.self) }
        let attributes = NetlinkReply.attributes(in: reply.body.dropFirst(fixedLength))
        guard message.ifi_type == Self.hardwareType, message.ifi_flags & UInt32(IFF_UP) != 0,
            message.ifi_flags & UInt32(IFF_LOOPBACK) == 0,
            let mtu = attributes.number(UInt16(IFLA_MTU))
        else { return nil }
        self.mtu = Int(mtu)
    }
}
