import Core
import LinuxIO
import Wire

// What the kernel routed into the TUN device.
extension PacketLoop {
    /// How many packets at most, but for the last message's, are made of what is read in one turn.
    static let mostSegments = 4 * Self.turn

    /// The TUN device's place among the sources.
    private static let uplink = Int(Source.uplink.rawValue)

    /// The first slots that no packet waits in: of ``received``, and of ``scatterBuffers``.
    private struct Free {
        var received = 0
        var scatter = 0
    }

    mutating func serveUplink(_ now: Timestamp) throws(SystemCallError) {
        var free = Free()
        var messages = 0
        var packets = 0
        while messages < Self.turn, packets < Self.mostSegments {
            let layout = self.layouts[Self.uplink]
            let needed = free.scatter + (layout?.slots ?? 0)
            if free.received == self.received.capacity || needed > self.scatterBuffers.capacity {
                self.flush(now)
                free = Free()
            }
            if layout == nil, self.readBatchSize.count > 1, let ring = self.ring {
                guard let taken = try self.readSeveral(ring, &free, now) else { break }
                messages += taken.messages
                packets += taken.packets
                continue
            }
            let count =
                if let layout { try self.readScattered(layout, &free, now) } else {
                    try self.readWhole(&free, now)
                }
            self.noteSingle(count)
            guard let count else { break }
            messages += 1
            packets += count
        }
        self.flush(now)
    }

    /// Reads as many messages as are likely to wait, each into a slot of its own, and gives the engine what they stand for.
    ///
    /// - Returns: How many there were, and how many packets that was; nil when fewer waited than were asked for.
    private mutating func readSeveral(
        _ ring: DeviceRing,
        _ free: inout Free,
        _ now: Timestamp
    ) throws(SystemCallError) -> (messages: Int, packets: Int)? {
        let slots = free.received..<min(free.received + self.readBatchSize.count, self.received.capacity)
        for slot in slots {
            ring.append(Self.room(in: self.received.slot(at: slot), front: self.sockets.tun.headerLength))
        }
        // What the ring has brought is taken nevertheless, and what comes later is read one by one.
        do throws(SystemCallError) { try ring.read() } catch { self.ring = nil }
        free.received = slots.upperBound
        var taken = (messages: 0, packets: 0)
        for slot in slots {
            guard let octets = try ring.length(at: slot - slots.lowerBound) else { continue }
            let count = self.receiveFromUplink(self.received.slot(at: slot), octets: octets, now)
            taken.messages += 1
            taken.packets += max(count, 1)
        }
        self.readBatchSize.note(asked: slots.count, got: taken.messages)
        if taken.packets > taken.messages { self.readBatchSize.restart() }
        return taken.messages == slots.count ? taken : nil
    }

    /// Notes what became of a single read: how many packets it brought, nil for none.
    private mutating func noteSingle(_ packets: Int?) {
        if let packets, packets > 1 {
            self.readBatchSize.restart()
        } else {
            self.readBatchSize.note(asked: 1, got: packets ?? 0)
        }
    }

    /// Reads a message into one slot, and gives the engine what it stands for.
    ///
    /// - Returns: How many packets that was; nil when none waits.
    private mutating func readWhole(_ free: inout Free, _ now: Timestamp) throws(SystemCallError) -> Int? {
        let slot = self.received.slot(at: free.received)
        let room = Self.room(in: slot, front: self.sockets.tun.headerLength)
        guard let octets = try self.sockets.tun.read(into: room) else { return nil }
        return self.receiveWhole(slot, octets: octets, &free.received, now)
    }

    /// Where a message goes, so that the packet itself begins behind the headroom.
    private static func room(
        in slot: UnsafeMutableRawBufferPointer,
        front: Int
    ) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: slot[(PacketBuffer.headroom - front)...])
    }

    /// Gives the engine what a message stands for that lies in one slot.
    ///
    /// - Parameters:
    ///   - slot: The slot.
    ///   - octets: Length of what was read.
    ///   - free: Number of the slot, and of the next one if its packet stays in it. What was cut up lies elsewhere: its slot,
    ///     which is in the cache, can take the next packet.
    ///   - now: The time.
    /// - Returns: How many packets it was.
    private mutating func receiveWhole(
        _ slot: UnsafeMutableRawBufferPointer,
        octets: Int,
        _ free: inout Int,
        _ now: Timestamp
    ) -> Int {
        let count = self.receiveFromUplink(slot, octets: octets, now)
        if count == 0 { free += 1 }
        return max(count, 1)
    }

    /// Takes what one read brought, with the offload header if there is one.
    ///
    /// - Returns: How many packets it was cut up into; 0 when it stays where it is.
    private mutating func receiveFromUplink(
        _ slot: UnsafeMutableRawBufferPointer,
        octets: Int,
        _ now: Timestamp
    ) -> Int {
        guard self.sockets.tun.headerLength > 0 else {
            self.submitFromUplink(slot, length: octets, now)
            return 0
        }
        // To look costs less than to write, which most packets need not.
        if self.layouts[Self.uplink] != nil { self.layouts[Self.uplink] = nil }
        let length = max(octets - VirtioNetHeader.length, 0)
        do throws(DecodeError) {
            guard octets >= VirtioNetHeader.length else {
                throw .truncated(needed: VirtioNetHeader.length, available: octets)
            }
            let header = Self.virtioNetHeader(in: slot)
            if VirtioNetHeader.isPlain(header) {
                self.submitFromUplink(slot, length: length, now)
                return 0
            }
            return try self.receiveFromUplink(slot, length: length, VirtioNetHeader(header), now)
        } catch {
            self.process(slot, length: length, now) { engine, buffer, _ in
                engine.refuseFromUplink(buffer, at: now)
            }
            return 0
        }
    }

    /// The octets that the kernel put in front of a packet; they must stay as they are while they are looked at.
    @_lifetime(immortal)
    private static func virtioNetHeader(in slot: UnsafeMutableRawBufferPointer) -> RawSpan {
        let place = PacketBuffer.headroom - VirtioNetHeader.length..<PacketBuffer.headroom
        let span = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(slot)[place])
        return _overrideLifetime(span, copying: ())
    }

    private mutating func receiveFromUplink(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ header: VirtioNetHeader,
        _ now: Timestamp
    ) throws(DecodeError) -> Int {
        let range = PacketBuffer.headroom..<PacketBuffer.headroom + length
        guard header.segmentation == .none else {
            let octets = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(slot)[range])
            let whole = try GSOPacket(octets, header)
            self.expect(whole)
            self.submitFromUplink(whole, now)
            return whole.count
        }
        if let place = header.checksum {
            var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: range)
            try buffer.completeChecksum(at: place)
        }
        self.submitFromUplink(slot, length: length, now)
        return 0
    }

    private mutating func submitFromUplink(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ now: Timestamp
    ) {
        self.process(slot, length: length, now) { engine, buffer, spare in
            engine.receiveFromUplink(&buffer, spare: &spare, at: now)
        }
    }

    /// Gives the engine the packets one by one that another stands for.
    private mutating func submitFromUplink(_ whole: borrowing GSOPacket, _ now: Timestamp) {
        for index in 0..<whole.count {
            guard let segment = self.write(index, of: whole, now) else { continue }
            self.submitFromUplink(segment.slot, length: segment.length, now)
            if segment.isLarge { self.flush(now) }
        }
    }

    /// Writes one of the packets that another stands for into a slot of its own.
    ///
    /// - Parameters:
    ///   - index: Which one.
    ///   - whole: The other.
    ///   - front: Octets to leave between the headroom and the packet.
    ///   - now: The time.
    /// - Returns: The slot, and the packet's length with what is in front; after a large one everything must be flushed, since it lies
    ///   where the next one will.
    mutating func write(
        _ index: Int,
        of whole: borrowing GSOPacket,
        behind front: Int = 0,
        _ now: Timestamp
    ) -> (slot: UnsafeMutableRawBufferPointer, length: Int, isLarge: Bool)? {
        let headroom = PacketBuffer.headroom
        let isLarge = front + whole.largest > self.segments.slotSize - headroom
        self.makeRoom(now)
        if self.usedSegments == self.segments.capacity { self.flush(now) }
        let slot = isLarge ? self.largeSegment.slot(at: 0) : self.segments.slot(at: self.usedSegments)
        var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: headroom..<headroom)
        guard whole.write(index, into: &buffer, behind: front) else { return nil }
        if !isLarge { self.usedSegments += 1 }
        return (slot, buffer.count, isLarge)
    }

    // MARK: - What is expected to stand for several

    /// Expects the next message to be like this one.
    private mutating func expect(_ whole: borrowing GSOPacket) {
        self.layouts[Self.uplink] = self.scatterBuffers.layout(
            headerLength: whole.headerLength,
            segmentSize: whole.segmentSize
        )
    }

    /// Reads a message as planned, and gives the engine what it stands for, whatever it turns out to be.
    ///
    /// - Returns: How many packets that was; nil when none waits.
    private mutating func readScattered(
        _ layout: ScatterLayout,
        _ free: inout Free,
        _ now: Timestamp
    ) throws(SystemCallError) -> Int? {
        let front = self.sockets.tun.headerLength
        let first = free.scatter
        self.scatterBuffers.makeRoom(for: layout, front: front, at: first)
        guard let octets = try self.sockets.tun.read(into: self.scatterBuffers.room) else { return nil }
        if octets <= layout.part(0, front: front).count {
            return self.receiveWhole(self.scatterBuffers.slot(at: first), octets: octets, &free.scatter, now)
        }
        if let count = self.submitScattered(layout, at: first, length: octets - front, now) {
            free.scatter += count
            return count
        }
        let slot = self.received.slot(at: free.received)
        let room = Self.room(in: slot, front: front)
        self.scatterBuffers.gather(layout, front: front, at: first, octets: octets, into: room)
        return self.receiveWhole(slot, octets: octets, &free.received, now)
    }

    /// Gives the engine the packets of a message that was read scattered, where they lie.
    ///
    /// - Returns: How many; nil when the message is not as planned, which nothing was done to.
    private mutating func submitScattered(
        _ layout: ScatterLayout,
        at first: Int,
        length: Int,
        _ now: Timestamp
    ) -> Int? {
        guard
            let header = try? VirtioNetHeader(Self.virtioNetHeader(in: self.scatterBuffers.slot(at: first))),
            header.segmentation != .none, Int(header.segmentSize) == layout.segmentSize
        else { return nil }
        let headers = RawSpan(_unsafeBytes: self.scatterBuffers.copyHeaders(of: layout, at: first))
        guard let whole = try? GSOPacket(beginning: headers, length: length, header),
            whole.headerLength == layout.headerLength
        else { return nil }
        let headroom = PacketBuffer.headroom
        for index in 0..<whole.count {
            let slot = self.scatterBuffers.slot(at: first + index)
            var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: headroom..<headroom)
            guard whole.complete(index, in: &buffer) else { continue }
            self.submitFromUplink(slot, length: buffer.count, now)
        }
        return whole.count
    }
}
