import Core
import Wire

/// How the parts of a message are to lie that is expected to stand for several packets, as the one before it did: the
/// payload of each packet in a slot of its own, behind the headroom and room for headers.
///
/// The first slot also takes the headers, and what the kernel puts in front of them.
struct ScatterLayout: Hashable {
    /// The longest packet that the kernel hands over, in octets: of IPv6, since a datagram is shorter.
    static let longestPacket = IPv6Packet.headerLength + Int(UInt16.max)

    /// Length of the headers in front of the message's payload, in octets; each packet gets its own.
    let headerLength: Int

    /// Payload of each packet but the last, in octets.
    let segmentSize: Int

    /// How many slots a message takes at most.
    let slots: Int

    /// Plans for a message; nil when a packet wouldn't fit in a slot, or the longest message not in the slots, which is so
    /// when packets are small.
    ///
    /// - Parameters:
    ///   - headerLength: Of all headers, in octets.
    ///   - segmentSize: Payload of each packet but the last, in octets.
    ///   - room: Octets behind a slot's headroom.
    ///   - capacity: How many slots there are.
    init?(headerLength: Int, segmentSize: Int, room: Int, capacity: Int) {
        guard (0...room).contains(headerLength), segmentSize > 0, segmentSize <= room - headerLength else {
            return nil
        }
        let payload = max(Self.longestPacket - headerLength, 1)
        let slots = (payload + segmentSize - 1) / segmentSize
        guard slots <= capacity else { return nil }
        self.headerLength = headerLength
        self.segmentSize = segmentSize
        self.slots = slots
    }

    /// Where one of the parts lies in its slot.
    ///
    /// - Parameters:
    ///   - index: Under ``slots``.
    ///   - front: What the kernel puts in front of the headers, in octets, less than the headroom.
    /// - Returns: Its place, in octets from the slot's beginning.
    func part(_ index: Int, front: Int) -> Range<Int> {
        let start = PacketBuffer.headroom + self.headerLength
        let end = start + self.segmentSize
        return (index == 0 ? PacketBuffer.headroom - front : start)..<end
    }
}
