import Core
import LinuxIO
import Wire

/// Reads what the kernel routed into the TUN device, and cuts up what stands for several packets.
struct UplinkReader: ~Copyable {
    private let sockets: WorkerSockets
    /// How many messages to read at once next.
    private var readBatchSize = ReadBatchSize(most: DeviceRing.capacity)
    /// How the next message is expected to be; nil for anything.
    private var layout: ScatterLayout?

    init(_ sockets: WorkerSockets) {
        self.sockets = sockets
    }

    /// The first slots that no packet waits in: those of single messages, and those that messages are scattered to.
    private struct Free {
        var received = 0
        var scatter = 0
    }

    /// Reads until nothing waits or the turn is over, and has sent what comes of it.
    mutating func serve(_ processor: inout PacketProcessor, _ now: Timestamp) throws(SystemCallError) {
        var free = Free()
        var messages = 0
        var packets = 0
        while messages < PacketSource.turn, packets < PacketSource.mostSegments {
            let layout = self.layout
            let needed = free.scatter + (layout?.slots ?? 0)
            if free.received == processor.slots.received.capacity
                || needed > processor.slots.scatterBuffers.capacity
            {
                processor.flush(now)
                free = Free()
            }
            if layout == nil, self.readBatchSize.count > 1, let ring = processor.ring {
                guard let taken = try self.readSeveral(ring, &free, &processor, now) else { break }
                messages += taken.messages
                packets += taken.packets
                continue
            }
            let count =
                if let layout { try self.readScattered(layout, &free, &processor, now) } else {
                    try self.readWhole(&free, &processor, now)
                }
            self.noteSingle(count)
            guard let count else { break }
            messages += 1
            packets += count
        }
        processor.flush(now)
    }

    /// Reads as many messages as are likely to wait, each into a slot of its own, and gives the engine what they stand for.
    ///
    /// - Returns: How many there were, and how many packets that was; nil when fewer waited than were asked for.
    private mutating func readSeveral(
        _ ring: DeviceRing,
        _ free: inout Free,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) throws(SystemCallError) -> (messages: Int, packets: Int)? {
        let slots =
            free.received..<min(free.received + self.readBatchSize.count, processor.slots.received.capacity)
        for slot in slots {
            ring.append(
                Self.room(in: processor.slots.received.slot(at: slot), front: self.sockets.tun.headerLength)
            )
        }
        // What the ring has brought is taken nevertheless, and what comes later is read one by one.
        do throws(SystemCallError) { try ring.read() } catch { processor.ring = nil }
        free.received = slots.upperBound
        var taken = (messages: 0, packets: 0)
        for slot in slots {
            guard let octets = try ring.length(at: slot - slots.lowerBound) else { continue }
            let count = self.receive(processor.slots.received.slot(at: slot), octets: octets, &processor, now)
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
    private mutating func readWhole(
        _ free: inout Free,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) throws(SystemCallError) -> Int? {
        let slot = processor.slots.received.slot(at: free.received)
        let room = Self.room(in: slot, front: self.sockets.tun.headerLength)
        guard let octets = try self.sockets.tun.read(into: room) else { return nil }
        return self.receiveWhole(slot, octets: octets, &free.received, &processor, now)
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
    ///   - processor: Asks the engine.
    ///   - now: The time.
    /// - Returns: How many packets it was.
    private mutating func receiveWhole(
        _ slot: UnsafeMutableRawBufferPointer,
        octets: Int,
        _ free: inout Int,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) -> Int {
        let count = self.receive(slot, octets: octets, &processor, now)
        if count == 0 { free += 1 }
        return max(count, 1)
    }

    /// Takes what one read brought, with the offload header if there is one.
    ///
    /// - Returns: How many packets it was cut up into; 0 when it stays where it is.
    private mutating func receive(
        _ slot: UnsafeMutableRawBufferPointer,
        octets: Int,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) -> Int {
        guard self.sockets.tun.headerLength > 0 else {
            processor.submitFromUplink(slot, length: octets, now)
            return 0
        }
        // To look costs less than to write, which most packets need not.
        if self.layout != nil { self.layout = nil }
        let length = max(octets - VirtioNetHeader.length, 0)
        do throws(DecodeError) {
            guard octets >= VirtioNetHeader.length else {
                throw .truncated(needed: VirtioNetHeader.length, available: octets)
            }
            let header = Self.virtioNetHeader(in: slot)
            if VirtioNetHeader.isPlain(header) {
                processor.submitFromUplink(slot, length: length, now)
                return 0
            }
            return try self.receive(slot, length: length, VirtioNetHeader(header), &processor, now)
        } catch {
            processor.process(slot, length: length, now) { engine, buffer, _ in
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

    private mutating func receive(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ header: VirtioNetHeader,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) throws(DecodeError) -> Int {
        let range = PacketBuffer.headroom..<PacketBuffer.headroom + length
        guard header.segmentation == .none else {
            let octets = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(slot)[range])
            let whole = try GSOPacket(octets, header)
            self.expect(whole, processor.slots.scatterBuffers)
            self.submit(whole, &processor, now)
            return whole.count
        }
        if let place = header.checksum {
            var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: range)
            try buffer.completeChecksum(at: place)
        }
        processor.submitFromUplink(slot, length: length, now)
        return 0
    }

    /// Gives the engine the packets one by one that another stands for.
    private func submit(
        _ whole: borrowing GSOPacket,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) {
        for index in 0..<whole.count {
            guard let segment = processor.write(index, of: whole, now) else { continue }
            processor.submitFromUplink(segment.slot, length: segment.length, now)
            if segment.isLarge { processor.flush(now) }
        }
    }

    // MARK: - What is expected to stand for several

    /// Expects the next message to be like this one.
    private mutating func expect(_ whole: borrowing GSOPacket, _ buffers: borrowing ScatterBuffers) {
        self.layout = buffers.layout(
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
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) throws(SystemCallError) -> Int? {
        let front = self.sockets.tun.headerLength
        let first = free.scatter
        processor.slots.scatterBuffers.makeRoom(for: layout, front: front, at: first)
        guard let octets = try self.sockets.tun.read(into: processor.slots.scatterBuffers.room) else {
            return nil
        }
        if octets <= layout.part(0, front: front).count {
            return self.receiveWhole(
                processor.slots.scatterBuffers.slot(at: first),
                octets: octets,
                &free.scatter,
                &processor,
                now
            )
        }
        if let count = self.submitScattered(layout, at: first, length: octets - front, &processor, now) {
            free.scatter += count
            return count
        }
        let slot = processor.slots.received.slot(at: free.received)
        let room = Self.room(in: slot, front: front)
        processor.slots.scatterBuffers.gather(layout, front: front, at: first, octets: octets, into: room)
        return self.receiveWhole(slot, octets: octets, &free.received, &processor, now)
    }

    /// Gives the engine the packets of a message that was read scattered, where they lie.
    ///
    /// - Returns: How many; nil when the message is not as planned, which nothing was done to.
    private mutating func submitScattered(
        _ layout: ScatterLayout,
        at first: Int,
        length: Int,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) -> Int? {
        guard
            let header = try? VirtioNetHeader(
                Self.virtioNetHeader(in: processor.slots.scatterBuffers.slot(at: first))
            ),
            header.segmentation != .none, Int(header.segmentSize) == layout.segmentSize
        else { return nil }
        let headers = RawSpan(_unsafeBytes: processor.slots.scatterBuffers.copyHeaders(of: layout, at: first))
        guard let whole = try? GSOPacket(beginning: headers, length: length, header),
            whole.headerLength == layout.headerLength
        else { return nil }
        let headroom = PacketBuffer.headroom
        for index in 0..<whole.count {
            let slot = processor.slots.scatterBuffers.slot(at: first + index)
            var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: headroom..<headroom)
            guard whole.complete(index, in: &buffer) else { continue }
            processor.submitFromUplink(slot, length: buffer.count, now)
        }
        return whole.count
    }
}
