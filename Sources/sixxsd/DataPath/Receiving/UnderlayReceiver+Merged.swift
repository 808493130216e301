import Core
import LinuxIO
import Wire

// Bare packets that the receiving link put together (GRO), or whose checksum is not complete.
extension UnderlayReceiver {
    /// A bare packet, where it lies behind a slot's headroom.
    private struct Bare {
        var slot: UnsafeMutableRawBufferPointer
        /// What stands behind the outer header, in octets from the headroom.
        var range: Range<Int>
        var payload: OuterPayload
        var outer: OuterHeader
        var outerLength: Int
        /// Length of the header between the outer one and the inner packet, in octets.
        var frontLength = 0
        /// Whether the outer header, of IPv4, lies in front.
        var isOverIPv4: Bool { self.range.lowerBound > 0 }

        /// What stands behind the outer header.
        var behindOuter: Range<Int> {
            PacketBuffer.headroom + self.range.lowerBound..<PacketBuffer.headroom + self.range.upperBound
        }

        var inner: Range<Int> {
            PacketBuffer.headroom + self.range.lowerBound + self.frontLength..<PacketBuffer.headroom
                + self.range.upperBound
        }
    }

    /// Cuts a packet up that was put together; completes the checksum of one that was not, and has no complete one.
    ///
    /// - Returns: Into how many it was cut up; nil when it is one, where it lies.
    func receiveMergedIPv4(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ payload: OuterPayload,
        isBroadcast: Bool,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) -> Int? {
        let range = PacketBuffer.headroom..<PacketBuffer.headroom + length
        guard let packet = try? IPv4Packet(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(slot)[range])) else {
            return nil
        }
        let path = OuterPath(local: .ipv4(packet.destination), remote: .ipv4(packet.source))
        var outer = OuterHeader(path: path, trafficClass: packet.trafficClass)
        outer.isToGroup = isBroadcast
        return self.receiveMerged(
            Bare(
                slot: slot,
                range: packet.headerLength..<packet.totalLength,
                payload: payload,
                outer: outer,
                outerLength: packet.headerLength
            ),
            &processor,
            now
        )
    }

    /// Does the same to what came over IPv6, of which no outer header is at hand.
    func receiveMergedIPv6(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ payload: OuterPayload,
        _ outer: OuterHeader,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) -> Int? {
        self.receiveMerged(
            Bare(
                slot: slot,
                range: 0..<length,
                payload: payload,
                outer: outer,
                outerLength: IPv6Packet.headerLength
            ),
            &processor,
            now
        )
    }

    private func receiveMerged(
        _ packet: Bare,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) -> Int? {
        var packet = packet
        if packet.payload == .gre {
            let front = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(packet.slot)[packet.inner])
            guard let length = try? GREPacket.headerLength(of: front) else { return nil }
            packet.frontLength = length
        }
        let inner = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(packet.slot)[packet.inner])
        let outerLength = packet.outerLength + packet.frontLength
        guard var header = self.arrivals.header(of: inner, behind: outerLength, at: now.monotonic) else {
            return nil
        }
        let place = UnsafeMutableRawBufferPointer(rebasing: packet.slot[packet.inner])
        var octets = MutableRawSpan(_unsafeBytes: place)
        guard header.prepare(&octets) else { return nil }
        return Self.cutUp(packet, header, &processor, now)
    }

    private static func cutUp(
        _ packet: Bare,
        _ header: VirtioNetHeader,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) -> Int? {
        let octets = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(packet.slot)[packet.inner])
        guard let whole = try? GSOPacket(octets, header) else { return nil }
        // Of the link's header between, nothing but its length mattered; a checksum in it was verified, and covers no segment.
        let front = packet.payload == .gre ? GREPacket.headerLength : 0
        let place =
            packet.isOverIPv4
            ? processor.place(fromLink: packet.slot, length: packet.range.upperBound)
            : processor.place(fromLink: packet.slot, packet.behindOuter, packet.payload, packet.outer)
        for index in 0..<whole.count {
            guard let segment = processor.write(index, of: whole, behind: front, now) else { continue }
            if front > 0 {
                var slot = MutableRawSpan(_unsafeBytes: segment.slot)
                GREPacket.encodeHeader(into: &slot, at: PacketBuffer.headroom)
            }
            processor.submitFromUnderlay(
                segment.slot,
                length: segment.length,
                packet.payload,
                packet.outer,
                at: place,
                now
            )
            if segment.isLarge { processor.flush(now) }
        }
        return whole.count
    }
}
