import Core
import LinuxIO
import Logging
import Wire

// What the host sends, and what the PoP does.
extension ClientLoop {
    /// A datagram or packet of the PoP, where it lies in a slot.
    struct ReceivedPacket {
        var slot: UnsafeMutableRawBufferPointer
        var range: Range<Int>
        var trafficClass: UInt8
        /// Which of the signatures that were worked out together is the one that it must have.
        var signature: Int?

        var octets: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self.slot[self.range]) }
    }

    /// Sends what the host has for the PoP.
    ///
    /// - Throws: ``SystemCallError`` when the device fails.
    mutating func serveHost() throws(SystemCallError) {
        try self.outward.serve(
            self.interface.tun,
            atMost: Self.packetsPerTurn,
            &self.session,
            &self.popSocket,
            at: Self.now()
        )
    }

    /// Gives the host what came from the PoP.
    mutating func receive(_ channel: PoPSocket.Channel) {
        let now = Self.now()
        // Behind an ICMP error, packets may wait; who sends errors without end is not to hold up the rest.
        var triesLeft = 4
        while triesLeft > 0, self.receive(channel, at: now) { triesLeft -= 1 }
        self.reportChange(at: now)
    }

    /// Receives once.
    ///
    /// - Returns: Whether there was nothing but an ICMP error.
    private mutating func receive(_ channel: PoPSocket.Channel, at now: ClientTime) -> Bool {
        // Closed by an error that an earlier descriptor of this turn met.
        guard let descriptor = self.popSocket.fileDescriptor(of: channel) else { return false }
        do throws(SystemCallError) {
            let count = try self.received.receive(from: descriptor, atMost: self.receiveBudget.messages)
            // Nothing but refusals comes to the socket of the heartbeats.
            let isUseless = channel == .udp && self.popSocket.fileDescriptor(of: .raw) != nil
            var packets = 0
            // What is known of a packet is known before it can be received.
            self.hasNews = channel == .raw && count > 0 && self.arrivals.haveNews(at: now.nanoseconds)
            for index in 0..<count { packets += isUseless ? 1 : self.receive(index, now) }
            self.handleUnverified(now)
            self.hostQueue.flush(to: self.interface.tun)
            self.forgetOldNews(at: now)
            self.receivedCount += UInt64(packets)
            self.receiveBudget.note(messages: count, packets: packets)
            return false
        } catch {
            return self.popSocket.noteReceiveFailure(error, at: now.monotonic)
        }
    }

    /// Takes the datagrams of a message.
    ///
    /// - Returns: How many.
    private mutating func receive(_ index: Int, _ now: ClientTime) -> Int {
        let message = self.received.datagram(at: index)
        let slot = self.received.slot(at: index)
        var count = 0
        for range in MergedDatagrams(length: message.length, segmentSize: message.segmentSize) {
            self.add(ReceivedPacket(slot: slot, range: range, trafficClass: message.trafficClass), now)
            count += 1
        }
        return count
    }

    private mutating func add(_ packet: ReceivedPacket, _ now: ClientTime) {
        self.unverified.append(packet)
        if self.unverified.count == DatagramSignatures.most { self.handleUnverified(now) }
    }

    /// Handles the datagrams that wait, after what they must be signed with was worked out together.
    private mutating func handleUnverified(_ now: ClientTime) {
        if self.unverified.count > 1 { self.computeSignatures() }
        for packet in self.unverified {
            self.handle(packet, expecting: packet.signature.map { self.expected.signature(at: $0) }, now)
        }
        self.unverified.removeAll(keepingCapacity: true)
    }

    private mutating func computeSignatures() {
        self.expected.removeAll()
        for place in self.unverified.indices {
            let index = self.expected.count
            guard self.session.addExpected(self.unverified[place].octets, to: &self.expected) else {
                continue
            }
            self.unverified[place].signature = index
        }
        self.expected.compute()
    }

    private mutating func handle(
        _ packet: ReceivedPacket,
        expecting signature: SHA1Digest?,
        _ now: ClientTime
    ) {
        var slot = MutableRawSpan(_unsafeBytes: packet.slot)
        let trafficClass = packet.trafficClass
        let outcome = self.session.receive(
            &slot,
            packet.range,
            trafficClass: trafficClass,
            expecting: signature,
            at: now
        )
        switch outcome {
        case .deliver(let inner):
            self.deliver(packet, inner, now)
        case .echo(let payload, let nextHeader, let inner):
            if let inner { self.deliver(packet, inner, now) }
            let answer = self.session.encodeEchoResponse(
                in: &slot,
                payload: payload,
                nextHeader: nextHeader,
                at: now
            )
            let octets = slot.bytes.extracting(answer)
            self.popSocket.send(octets, trafficClass: trafficClass, at: now.monotonic)
        case .consume:
            break
        case .drop(let reason):
            self.logger.debug("dropped \(packet.range.count) octets: \(reason.rawValue)")
        }
    }

    /// Gives the host a packet; what stands in front of it since the slot's or the datagram's beginning are its outer headers.
    private mutating func deliver(_ packet: ReceivedPacket, _ inner: Range<Int>, _ now: ClientTime) {
        let octets = UnsafeRawBufferPointer(rebasing: packet.slot[inner])
        if self.hasNews, let header = self.header(of: packet, inner, now) {
            self.hostQueue.write(merged: octets, header, to: self.interface.tun)
            return
        }
        guard self.interface.tun.offloads != nil else {
            self.hostQueue.write(octets, to: self.interface.tun)
            return
        }
        if self.hostQueue.isFull { self.hostQueue.flush(to: self.interface.tun) }
        self.hostQueue.append(octets)
    }

    /// How a packet has to be cut up that the receiving link put together; nil for a single one, whose checksum is complete then.
    private func header(of packet: ReceivedPacket, _ inner: Range<Int>, _ now: ClientTime) -> VirtioNetHeader?
    {
        let place = UnsafeMutableRawBufferPointer(rebasing: packet.slot[inner])
        var octets = MutableRawSpan(_unsafeBytes: place)
        // Raw sockets over IPv6 leave the outer header out.
        let inFront = inner.lowerBound - packet.range.lowerBound
        let outerLength = inFront > 0 ? inFront : IPv6Packet.headerLength
        let header = self.arrivals.header(of: octets.bytes, behind: outerLength, at: now.nanoseconds)
        guard var header, header.prepare(&octets) else { return nil }
        return header
    }
}
