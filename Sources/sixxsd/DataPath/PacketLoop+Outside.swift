import Core
import LinuxIO
import Wire

// What comes from the outer side.
extension PacketLoop {
    /// A datagram on AYIYA's port, where it lies behind a slot's headroom.
    struct Datagram {
        var slot: UnsafeMutableRawBufferPointer
        var length: Int
        var outer: OuterHeader
        /// What it must be signed with, when that was worked out.
        var signature: SHA1Digest?

        var octets: RawSpan {
            @_lifetime(borrow self) get {
                let range = PacketBuffer.headroom..<PacketBuffer.headroom + self.length
                let span = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(self.slot)[range])
                return _overrideLifetime(span, borrowing: self)
            }
        }
    }

    /// Raw IPv4 sockets give whole packets, with their outer headers.
    mutating func serveRawIPv4(
        _ fileDescriptor: CInt,
        _ source: Source,
        _ now: Moment
    ) throws(SystemCallError) {
        try self.takeTurn(fileDescriptor, source, tellingOrigins: false, now) { loop, index in
            let length = loop.received.length(at: index)
            let slot = loop.received.slot(at: index)
            if source == .sixInFour4, let parts = loop.takeMergedIPv4(slot, length: length, now) {
                return parts
            }
            loop.ask(slot, length: length, now) { engine, buffer, spare in
                engine.receiveRawIPv4(&buffer, spare: &spare, at: now)
            }
            return 1
        }
    }

    /// Other sockets give what stands behind the outer headers.
    mutating func serve(
        _ fileDescriptor: CInt,
        _ source: Source,
        _ payload: OuterPayload,
        _ now: Moment
    ) throws(SystemCallError) {
        try self.takeTurn(fileDescriptor, source, tellingOrigins: true, now) { loop, index in
            let datagram = loop.received.datagram(at: index)
            guard let outer = OuterHeader(datagram, payload) else { return 1 }
            let slot = loop.received.slot(at: index)
            if payload == .ayiya {
                let whole = Datagram(slot: slot, length: datagram.length, outer: outer)
                return loop.take(whole, datagram.segmentSize, now)
            }
            if payload == .sixInFour, let parts = loop.takeMerged(slot, 0..<datagram.length, outer, now) {
                return parts
            }
            loop.give(slot, length: datagram.length, payload, outer, now)
            return 1
        }
    }

    /// Receives from a socket until it is empty or the turn is over.
    ///
    /// - Parameters:
    ///   - fileDescriptor: The socket.
    ///   - source: Which one it is.
    ///   - tellingOrigins: Whether ``take`` needs to know where the messages came from.
    ///   - now: The time.
    ///   - take: Takes one of the received messages, and says how many packets it was.
    /// - Throws: ``SystemCallError`` when the socket fails.
    private mutating func takeTurn(
        _ fileDescriptor: CInt,
        _ source: Source,
        tellingOrigins: Bool,
        _ now: Moment,
        _ take: (inout PacketLoop, Int) -> Int
    ) throws(SystemCallError) {
        let place = Int(source.rawValue)
        var isOver = false
        var packets = 0
        for _ in 0..<Self.turn / self.received.capacity where !isOver {
            let limit = self.appetites[place].messages
            let count = try self.received.receive(
                from: fileDescriptor,
                atMost: limit,
                tellingOrigins: tellingOrigins
            )
            var taken = 0
            for index in 0..<count { taken += take(&self, index) }
            self.giveAll(now)
            self.appetites[place].note(messages: count, packets: taken)
            packets += taken
            isOver = count < limit || packets >= Self.mostSegments
        }
    }

    private mutating func give(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ payload: OuterPayload,
        _ outer: OuterHeader,
        expecting signature: SHA1Digest? = nil,
        _ now: Moment
    ) {
        self.ask(slot, length: length, now) { engine, buffer, spare in
            engine.receiveFromOutside(
                &buffer,
                spare: &spare,
                as: payload,
                outer,
                expecting: signature,
                at: now
            )
        }
    }

    // MARK: - What the receiving link merged

    /// Cuts a packet up that the receiving link merged.
    ///
    /// - Returns: Into how many; nil when it was none.
    private mutating func takeMergedIPv4(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ now: Moment
    ) -> Int? {
        let range = PacketBuffer.headroom..<PacketBuffer.headroom + length
        guard let packet = try? IPv4Packet(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(slot)[range])),
            SuperPacket.isMerged(packet.payload)
        else { return nil }
        let path = OuterPath(local: .ipv4(packet.destination), remote: .ipv4(packet.source))
        let outer = OuterHeader(path: path, trafficClass: packet.trafficClass)
        return self.takeMerged(slot, packet.headerLength..<packet.totalLength, outer, now)
    }

    private mutating func takeMerged(
        _ slot: UnsafeMutableRawBufferPointer,
        _ range: Range<Int>,
        _ outer: OuterHeader,
        _ now: Moment
    ) -> Int? {
        let place = PacketBuffer.headroom + range.lowerBound..<PacketBuffer.headroom + range.upperBound
        let octets = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(slot)[place])
        guard SuperPacket.isMerged(octets) else { return nil }
        let mtu = self.engine.largestPacket(from: octets.ipv6Address(at: IPv6Header.Offset.source))
        guard let header = SuperPacket.mergeHeader(of: octets, mtu: mtu),
            let whole = try? SuperPacket(octets, header)
        else { return nil }
        for index in 0..<whole.count {
            guard let segment = self.write(index, of: whole, now) else { continue }
            self.give(segment.slot, length: segment.length, .sixInFour, outer, now)
            if segment.isLarge { self.flush(now) }
        }
        return whole.count
    }

    // MARK: - AYIYA

    /// Takes what may be several datagrams of one sender that the kernel put together: each gets a slot of its own, since the
    /// engine writes in front of a packet, where the one before it lies.
    ///
    /// - Returns: How many.
    private mutating func take(_ whole: Datagram, _ segmentSize: Int?, _ now: Moment) -> Int {
        guard let size = segmentSize, size < whole.length else {
            self.add(whole, now)
            return 1
        }
        let headroom = PacketBuffer.headroom
        for start in stride(from: 0, to: whole.length, by: size) {
            let length = min(size, whole.length - start)
            guard length <= self.segments.slotSize - headroom else {
                self.giveLarge(whole, start..<start + length, now)
                continue
            }
            if self.usedSegments == self.segments.capacity { self.giveAll(now) }
            self.makeRoomForDatagram(now)
            let slot = self.segments.slot(at: self.usedSegments)
            self.usedSegments += 1
            Self.copy(whole, start..<start + length, into: slot)
            self.add(Datagram(slot: slot, length: length, outer: whole.outer), now)
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
    private mutating func giveLarge(_ whole: Datagram, _ range: Range<Int>, _ now: Moment) {
        self.giveDatagrams(now)
        let slot = self.largeSegment.slot(at: 0)
        Self.copy(whole, range, into: slot)
        self.give(slot, length: range.count, .ayiya, whole.outer, now)
        self.flush(now)
    }

    private mutating func add(_ datagram: Datagram, _ now: Moment) {
        self.makeRoomForDatagram(now)
        self.datagrams.append(datagram)
    }

    /// Comes before a slot is taken for a datagram that waits, as ``makeRoom(_:)`` does.
    private mutating func makeRoomForDatagram(_ now: Moment) {
        if self.datagrams.count == self.segments.capacity { self.giveAll(now) }
    }

    /// Gives the engine the datagrams that wait, and sends what comes of them: all slots are free afterwards.
    private mutating func giveAll(_ now: Moment) {
        self.giveDatagrams(now)
        self.flush(now)
    }

    /// Gives the engine the datagrams that wait, two at a time, since two signatures take little longer than one.
    private mutating func giveDatagrams(_ now: Moment) {
        var index = 0
        while index < self.datagrams.count {
            let isPair = index + 1 < self.datagrams.count
            if isPair { self.verifyPair(at: index) }
            for place in index..<index + (isPair ? 2 : 1) {
                let datagram = self.datagrams[place]
                self.give(
                    datagram.slot,
                    length: datagram.length,
                    .ayiya,
                    datagram.outer,
                    expecting: datagram.signature,
                    now
                )
            }
            index += 2
        }
        self.datagrams.removeAll(keepingCapacity: true)
    }

    private mutating func verifyPair(at index: Int) {
        guard
            let signatures = self.engine.expectedSignatures(
                of: self.datagrams[index].octets,
                self.datagrams[index + 1].octets
            )
        else { return }
        self.datagrams[index].signature = signatures.0
        self.datagrams[index + 1].signature = signatures.1
    }
}

extension OuterHeader {
    /// What the kernel said of a datagram; nil when it didn't say which of our addresses it was sent to.
    fileprivate init?(_ datagram: ReceivedDatagram, _ payload: OuterPayload) {
        guard let local = datagram.localAddress else { return nil }
        let port: UInt16 =
            switch payload {
            case .ayiya: AYIYAPacket.port
            case .heartbeat: HeartbeatMessage.port
            case .sixInFour, .gre, .icmpv4, .icmpv6: 0
            }
        let path = OuterPath(
            local: local,
            remote: datagram.source,
            localPort: port,
            remotePort: port == 0 ? 0 : datagram.sourcePort
        )
        self.init(path: path, trafficClass: datagram.trafficClass)
    }
}
