internal import CLinux
internal import Glibc

/// What an operator may change about an interface.
public struct LinkState: Hashable, Sendable {
    /// Whether it is up, as far as its operator is concerned.
    public let isUp: Bool

    /// Size of the largest IP packet, in octets.
    public let mtu: Int

    /// Creates a description.
    public init(isUp: Bool, mtu: Int) {
        self.isUp = isUp
        self.mtu = mtu
    }

    /// Reads a message about an interface; nil when it is about something else.
    init?(_ reply: NetlinkReply) {
        let fixedLength = MemoryLayout<ifinfomsg>.size
        guard reply.type == UInt16(RTM_NEWLINK), reply.body.count >= fixedLength else { return nil }
        let message = reply.body.withUnsafeBytes { $0.loadUnaligned(as: ifinfomsg.self) }
        let attributes = NetlinkReply.attributes(in: reply.body.dropFirst(fixedLength))
        guard let mtu = attributes.number(UInt16(IFLA_MTU)) else { return nil }
        self.isUp = message.ifi_flags & UInt32(IFF_UP) != 0
        self.mtu = Int(mtu)
    }
}
