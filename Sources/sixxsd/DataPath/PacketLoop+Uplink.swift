import Core
import LinuxIO
import Wire

// What the kernel routed into the TUN device.
extension PacketLoop {
    /// How many packets at most, but for the last message's, are made of what is read in one turn.
    static let mostSegments = 4 * Self.turn

    mutating func serveUplink(_ now: Moment) throws(SystemCallError) {
        let start = PacketBuffer.headroom - self.ports.tun.headerLength
        var index = 0
        var packets = 0
        for _ in 0..<Self.turn where packets < Self.mostSegments {
            let room = UnsafeMutableRawBufferPointer(rebasing: self.received.slot(at: index)[start...])
            guard let length = try self.ports.tun.read(into: room) else { break }
            let count = self.takeFromUplink(index, octets: length, now)
            packets += max(count, 1)
            // What was cut up lies elsewhere: its slot, which is in the cache, can take the next packet.
            if count <= 1 { index += 1 }
            guard index == self.received.capacity else { continue }
            self.flush(now)
            index = 0
        }
        self.flush(now)
    }

    /// Takes what one read brought, with the offload header if there is one.
    ///
    /// - Returns: How many packets it was cut up into; 0 when it stays where it is.
    private mutating func takeFromUplink(_ index: Int, octets: Int, _ now: Moment) -> Int {
        let slot = self.received.slot(at: index)
        let headroom = PacketBuffer.headroom
        guard self.ports.tun.headerLength > 0 else {
            self.giveFromUplink(slot, length: octets, now)
            return 0
        }
        let length = max(octets - OffloadHeader.length, 0)
        let front = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(slot)[..<headroom])
        let header = front.extracting(droppingFirst: headroom - OffloadHeader.length)
        do throws(DecodeError) {
            guard octets >= OffloadHeader.length else {
                throw .truncated(needed: OffloadHeader.length, available: octets)
            }
            return try self.takeFromUplink(slot, length: length, OffloadHeader(header), now)
        } catch {
            self.ask(slot, length: length, now) { engine, buffer, _ in
                engine.refuseFromUplink(buffer, at: now)
            }
            return 0
        }
    }

    private mutating func takeFromUplink(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ header: OffloadHeader,
        _ now: Moment
    ) throws(DecodeError) -> Int {
        let range = PacketBuffer.headroom..<PacketBuffer.headroom + length
        guard header.segmentation == .none else {
            let octets = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(slot)[range])
            let whole = try SuperPacket(octets, header)
            self.giveFromUplink(whole, now)
            return whole.count
        }
        if let place = header.checksum {
            var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: range)
            try buffer.completeChecksum(at: place)
        }
        self.giveFromUplink(slot, length: length, now)
        return 0
    }

    private mutating func giveFromUplink(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ now: Moment
    ) {
        self.ask(slot, length: length, now) { engine, buffer, spare in
            engine.receiveFromUplink(&buffer, spare: &spare, at: now)
        }
    }

    /// Gives the engine the packets one by one that another stands for.
    private mutating func giveFromUplink(_ whole: borrowing SuperPacket, _ now: Moment) {
        for index in 0..<whole.count {
            guard let segment = self.write(index, of: whole, now) else { continue }
            self.giveFromUplink(segment.slot, length: segment.length, now)
            if segment.isLarge { self.flush(now) }
        }
    }

    /// Writes one of the packets that another stands for into a slot of its own.
    ///
    /// - Returns: The slot, and the packet's length; after a large one everything must be flushed, since it lies where the
    ///   next one will.
    mutating func write(
        _ index: Int,
        of whole: borrowing SuperPacket,
        _ now: Moment
    ) -> (slot: UnsafeMutableRawBufferPointer, length: Int, isLarge: Bool)? {
        let headroom = PacketBuffer.headroom
        let isLarge = whole.largest > self.segments.slotSize - headroom
        self.makeRoom(now)
        if self.usedSegments == self.segments.capacity { self.flush(now) }
        let slot = isLarge ? self.largeSegment.slot(at: 0) : self.segments.slot(at: self.usedSegments)
        var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: headroom..<headroom)
        guard whole.write(index, into: &buffer) else { return nil }
        if !isLarge { self.usedSegments += 1 }
        return (slot, buffer.count, isLarge)
    }
}
