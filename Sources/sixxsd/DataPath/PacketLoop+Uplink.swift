import Core
import LinuxIO
import Wire

// What the kernel routed into the TUN device.
extension PacketLoop {
    /// How many packets at most, but for the last message's, are made of what is read in one turn.
    static let mostSegments = 4 * Self.turn

    /// The TUN device's place among the sources.
    private static let uplink = Int(Source.uplink.rawValue)

    /// The first slots that no packet waits in: of ``received``, and of ``landings``.
    private struct Free {
        var received = 0
        var landing = 0
    }

    mutating func serveUplink(_ now: Moment) throws(SystemCallError) {
        var free = Free()
        var messages = 0
        var packets = 0
        while messages < Self.turn, packets < Self.mostSegments {
            let plan = self.plans[Self.uplink]
            let needed = free.landing + (plan?.slots ?? 0)
            if free.received == self.received.capacity || needed > self.landings.capacity {
                self.flush(now)
                free = Free()
            }
            if plan == nil, self.readAhead.count > 1, let ring = self.ring {
                guard let taken = try self.readSeveral(ring, &free, now) else { break }
                messages += taken.messages
                packets += taken.packets
                continue
            }
            let count =
                if let plan { try self.land(plan, &free, now) } else { try self.readWhole(&free, now) }
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
        _ now: Moment
    ) throws(SystemCallError) -> (messages: Int, packets: Int)? {
        let slots = free.received..<min(free.received + self.readAhead.count, self.received.capacity)
        for slot in slots {
            ring.append(Self.room(in: self.received.slot(at: slot), front: self.ports.tun.headerLength))
        }
        // What the ring has brought is taken nevertheless, and what comes later is read one by one.
        do throws(SystemCallError) { try ring.read() } catch { self.ring = nil }
        free.received = slots.upperBound
        var taken = (messages: 0, packets: 0)
        for slot in slots {
            guard let octets = try ring.length(at: slot - slots.lowerBound) else { continue }
            let count = self.takeFromUplink(self.received.slot(at: slot), octets: octets, now)
            taken.messages += 1
            taken.packets += max(count, 1)
        }
        self.readAhead.note(asked: slots.count, got: taken.messages)
        if taken.packets > taken.messages { self.readAhead.restart() }
        return taken.messages == slots.count ? taken : nil
    }

    /// Notes what became of a single read: how many packets it brought, nil for none.
    private mutating func noteSingle(_ packets: Int?) {
        if let packets, packets > 1 {
            self.readAhead.restart()
        } else {
            self.readAhead.note(asked: 1, got: packets ?? 0)
        }
    }

    /// Reads a message into one slot, and gives the engine what it stands for.
    ///
    /// - Returns: How many packets that was; nil when none waits.
    private mutating func readWhole(_ free: inout Free, _ now: Moment) throws(SystemCallError) -> Int? {
        let slot = self.received.slot(at: free.received)
        let room = Self.room(in: slot, front: self.ports.tun.headerLength)
        guard let octets = try self.ports.tun.read(into: room) else { return nil }
        return self.takeWhole(slot, octets: octets, &free.received, now)
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
    private mutating func takeWhole(
        _ slot: UnsafeMutableRawBufferPointer,
        octets: Int,
        _ free: inout Int,
        _ now: Moment
    ) -> Int {
        let count = self.takeFromUplink(slot, octets: octets, now)
        if count == 0 { free += 1 }
        return max(count, 1)
    }

    /// Takes what one read brought, with the offload header if there is one.
    ///
    /// - Returns: How many packets it was cut up into; 0 when it stays where it is.
    private mutating func takeFromUplink(
        _ slot: UnsafeMutableRawBufferPointer,
        octets: Int,
        _ now: Moment
    ) -> Int {
        guard self.ports.tun.headerLength > 0 else {
            self.giveFromUplink(slot, length: octets, now)
            return 0
        }
        // To look costs less than to write, which most packets need not.
        if self.plans[Self.uplink] != nil { self.plans[Self.uplink] = nil }
        let length = max(octets - OffloadHeader.length, 0)
        do throws(DecodeError) {
            guard octets >= OffloadHeader.length else {
                throw .truncated(needed: OffloadHeader.length, available: octets)
            }
            let header = Self.offloadHeader(in: slot)
            if OffloadHeader.isPlain(header) {
                self.giveFromUplink(slot, length: length, now)
                return 0
            }
            return try self.takeFromUplink(slot, length: length, OffloadHeader(header), now)
        } catch {
            self.ask(slot, length: length, now) { engine, buffer, _ in
                engine.refuseFromUplink(buffer, at: now)
            }
            return 0
        }
    }

    /// The octets that the kernel put in front of a packet; they must stay as they are while they are looked at.
    @_lifetime(immortal)
    private static func offloadHeader(in slot: UnsafeMutableRawBufferPointer) -> RawSpan {
        let place = PacketBuffer.headroom - OffloadHeader.length..<PacketBuffer.headroom
        let span = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(slot)[place])
        return _overrideLifetime(span, copying: ())
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
            self.expect(whole)
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
    /// - Parameters:
    ///   - index: Which one.
    ///   - whole: The other.
    ///   - front: Octets to leave between the headroom and the packet.
    ///   - now: The time.
    /// - Returns: The slot, and the packet's length with what is in front; after a large one everything must be flushed, since it lies
    ///   where the next one will.
    mutating func write(
        _ index: Int,
        of whole: borrowing SuperPacket,
        behind front: Int = 0,
        _ now: Moment
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
    private mutating func expect(_ whole: borrowing SuperPacket) {
        self.plans[Self.uplink] = self.landings.plan(
            headerLength: whole.headerLength,
            segmentSize: whole.segmentSize
        )
    }

    /// Reads a message as planned, and gives the engine what it stands for, whatever it turns out to be.
    ///
    /// - Returns: How many packets that was; nil when none waits.
    private mutating func land(
        _ plan: LandingPlan,
        _ free: inout Free,
        _ now: Moment
    ) throws(SystemCallError) -> Int? {
        let front = self.ports.tun.headerLength
        let first = free.landing
        self.landings.makeRoom(for: plan, front: front, at: first)
        guard let octets = try self.ports.tun.read(into: self.landings.room) else { return nil }
        if octets <= plan.part(0, front: front).count {
            return self.takeWhole(self.landings.slot(at: first), octets: octets, &free.landing, now)
        }
        if let count = self.takeLanded(plan, at: first, length: octets - front, now) {
            free.landing += count
            return count
        }
        let slot = self.received.slot(at: free.received)
        let room = Self.room(in: slot, front: front)
        self.landings.gather(plan, front: front, at: first, octets: octets, into: room)
        return self.takeWhole(slot, octets: octets, &free.received, now)
    }

    /// Gives the engine the packets of a message, where they landed.
    ///
    /// - Returns: How many; nil when the message is not as planned, which nothing was done to.
    private mutating func takeLanded(
        _ plan: LandingPlan,
        at first: Int,
        length: Int,
        _ now: Moment
    ) -> Int? {
        guard let header = try? OffloadHeader(Self.offloadHeader(in: self.landings.slot(at: first))),
            header.segmentation != .none, Int(header.segmentSize) == plan.segmentSize
        else { return nil }
        let headers = RawSpan(_unsafeBytes: self.landings.copyHeaders(of: plan, at: first))
        guard let whole = try? SuperPacket(beginning: headers, length: length, header),
            whole.headerLength == plan.headerLength
        else { return nil }
        let headroom = PacketBuffer.headroom
        for index in 0..<whole.count {
            let slot = self.landings.slot(at: first + index)
            var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: headroom..<headroom)
            guard whole.complete(index, in: &buffer) else { continue }
            self.giveFromUplink(slot, length: buffer.count, now)
        }
        return whole.count
    }
}
