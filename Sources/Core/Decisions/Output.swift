public import Wire

/// What to transmit after the engine saw a packet.
public struct Output: Hashable, Sendable {
    /// Whose packet is transmitted.
    public enum Origin: Hashable, Sendable {
        /// One that came in and goes on.
        case forwarded
        /// One that the engine made.
        case own
    }

    /// Where a packet goes.
    public enum Transmission: Hashable, Sendable {
        /// Nowhere.
        case none
        /// To the kernel through the TUN device.
        case uplink(Origin)
        /// To this address as a whole outer packet, its IP header included.
        case underlay(IPAddress, tunnel: TID?, Origin)
    }

    /// Where the packet buffer goes as it now is.
    public var packet = Transmission.none

    /// Where the spare buffer goes: an echo response beside the packet, or the packet's second fragment.
    public var spare = Transmission.none

    /// Whether the packet is a datagram that others can leave with as one message: ``Engine/datagram`` tells its headers.
    public var isDatagram = false

    /// Whether the packet must be signed before it is sent.
    public var awaitsSignature = false

    /// Creates an output; by default nothing is transmitted.
    public init(packet: Transmission = .none, spare: Transmission = .none) {
        self.packet = packet
        self.spare = spare
    }
}
