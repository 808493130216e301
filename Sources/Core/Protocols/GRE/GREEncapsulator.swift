internal import Wire

/// Puts a GRE header in front of an inner packet.
enum GREEncapsulator {
    /// Makes the payload of an outer packet of the inner one in a buffer.
    static func encapsulate(_ buffer: inout PacketBuffer) {
        buffer.prepend(GREPacket.headerLength)
        GREPacket.encodeHeader(into: &buffer.bytes, at: buffer.range.lowerBound)
    }
}
