import Core
import LinuxIO
import Wire

// Signed datagrams, one or many in a message.
extension UnderlayReceiver {
    /// A signed datagram, where it lies behind a slot's headroom.
    struct Datagram {
        var slot: UnsafeMutableRawBufferPointer
        var length: Int
        var outer: OuterHeader
        /// Which of the signatures that were worked out together is the one that it must have.
        var signature: Int?

        var octets: UnsafeRawBufferPointer {
            let range = PacketBuffer.headroom..<PacketBuffer.headroom + self.length
            return UnsafeRawBufferPointer(rebasing: self.slot[range])
        }
    }

    /// Takes a message, whole or scattered.
    ///
    /// - Parameters:
    ///   - index: Which one of those that were received together.
    ///   - datagram: What the kernel says of it.
    ///   - outer: Its outer header.
    ///   - source: The socket.
    ///   - layout: How it was received; nil when it lies in its slot.
    ///   - processor: Asks the engine about the packets.
    ///   - now: The time.
    /// - Returns: How many datagrams it is.
    mutating func receive(
        _ index: Int,
        _ datagram: ReceivedDatagram,
        _ outer: OuterHeader,
        _ source: PacketSource,
        scatteredBy layout: ScatterLayout?,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) -> Int {
        let size = datagram.segmentSize.flatMap { $0 < datagram.length ? $0 : nil }
        self.layouts[source.place] =
            if let size { processor.slots.scatterBuffers.layout(headerLength: 0, segmentSize: size) } else {
                nil
            }
        var whole = Datagram(
            slot: processor.slots.received.slot(at: index),
            length: datagram.length,
            outer: outer
        )
        if let layout {
            let first = index * layout.slots
            if datagram.length <= layout.segmentSize {
                whole.slot = processor.slots.scatterBuffers.slot(at: first)
            } else if size == layout.segmentSize {
                return self.addScattered(layout, at: first, whole, &processor, now)
            } else {
                let room = UnsafeMutableRawBufferPointer(rebasing: whole.slot[PacketBuffer.headroom...])
                processor.slots.scatterBuffers.gather(
                    layout,
                    front: 0,
                    at: first,
                    octets: whole.length,
                    into: room
                )
            }
        }
        return self.receive(whole, size, &processor, now)
    }

    /// Adds the datagrams of a message that was read scattered, where they lie.
    ///
    /// - Returns: How many.
    private mutating func addScattered(
        _ layout: ScatterLayout,
        at first: Int,
        _ whole: Datagram,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) -> Int {
        let count = (whole.length + layout.segmentSize - 1) / layout.segmentSize
        for index in 0..<count {
            let length = min(layout.segmentSize, whole.length - index * layout.segmentSize)
            let slot = processor.slots.scatterBuffers.slot(at: first + index)
            self.add(Datagram(slot: slot, length: length, outer: whole.outer), &processor, now)
        }
        return count
    }

    /// Takes what may be several datagrams of one sender that the kernel put together: each gets a slot of its own, since the
    /// engine writes in front of a packet, where the one before it lies.
    ///
    /// - Returns: How many.
    private mutating func receive(
        _ whole: Datagram,
        _ segmentSize: Int?,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) -> Int {
        guard let size = segmentSize else {
            self.add(whole, &processor, now)
            return 1
        }
        let headroom = PacketBuffer.headroom
        for start in stride(from: 0, to: whole.length, by: size) {
            let length = min(size, whole.length - start)
            guard length <= processor.slots.segments.slotSize - headroom else {
                self.submitLarge(whole, start..<start + length, &processor, now)
                continue
            }
            if processor.slots.usedSegments == processor.slots.segments.capacity {
                self.submitAll(&processor, now)
            }
            self.makeRoomForDatagram(&processor, now)
            let slot = processor.slots.segments.slot(at: processor.slots.usedSegments)
            processor.slots.usedSegments += 1
            Self.copy(whole, start..<start + length, into: slot)
            self.add(Datagram(slot: slot, length: length, outer: whole.outer), &processor, now)
        }
        return (whole.length + size - 1) / size
    }

    private static func copy(
        _ whole: Datagram,
        _ range: Range<Int>,
        into slot: UnsafeMutableRawBufferPointer
    ) {
        let headroom = PacketBuffer.headroom
        let part = whole.slot[headroom + range.lowerBound..<headroom + range.upperBound]
        let target = UnsafeMutableRawBufferPointer(rebasing: slot[headroom..<headroom + range.count])
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
    }

    /// Gives the engine a datagram that is longer than any tunnel's packets.
    private mutating func submitLarge(
        _ whole: Datagram,
        _ range: Range<Int>,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) {
        self.submitDatagrams(&processor, now)
        let slot = processor.slots.largeSegment.slot(at: 0)
        Self.copy(whole, range, into: slot)
        processor.submitFromUnderlay(slot, length: range.count, .ayiya, whole.outer, now)
        processor.flush(now)
    }

    private mutating func add(
        _ datagram: Datagram,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) {
        self.makeRoomForDatagram(&processor, now)
        self.datagrams.append(datagram)
    }

    /// Comes before a slot is taken for a datagram that waits, as ``PacketProcessor/makeRoom(_:)`` does.
    private mutating func makeRoomForDatagram(_ processor: inout PacketProcessor, _ now: Timestamp) {
        if self.datagrams.count == processor.slots.segments.capacity { self.submitAll(&processor, now) }
    }

    /// Gives the engine the datagrams that wait, and sends what comes of them: all slots are free afterwards.
    mutating func submitAll(_ processor: inout PacketProcessor, _ now: Timestamp) {
        self.submitDatagrams(&processor, now)
        processor.flush(now)
    }

    /// Gives the engine the datagrams that wait, after what they must be signed with was worked out for many at a time.
    private mutating func submitDatagrams(_ processor: inout PacketProcessor, _ now: Timestamp) {
        for start in stride(from: 0, to: self.datagrams.count, by: DatagramSignatures.most) {
            let places = start..<min(start + DatagramSignatures.most, self.datagrams.count)
            if places.count > 1 { self.computeSignatures(of: places, &processor.engine) }
            for place in places {
                let datagram = self.datagrams[place]
                processor.submitFromUnderlay(
                    datagram.slot,
                    length: datagram.length,
                    .ayiya,
                    datagram.outer,
                    expecting: datagram.signature.map { self.expected.signature(at: $0) },
                    now
                )
            }
        }
        self.datagrams.removeAll(keepingCapacity: true)
    }

    /// Works out what some datagrams must be signed with, those that name a tunnel with a secret.
    private mutating func computeSignatures(of places: Range<Int>, _ engine: inout Engine) {
        self.expected.removeAll()
        for place in places {
            let index = self.expected.count
            guard engine.addExpected(self.datagrams[place].octets, to: &self.expected) else { continue }
            self.datagrams[place].signature = index
        }
        self.expected.compute()
    }
}
