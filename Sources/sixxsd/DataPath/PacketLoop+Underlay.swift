import Core
import LinuxIO
import Wire

// What comes from the underlay.
extension PacketLoop {
    /// Raw IPv4 sockets give whole packets, with their outer headers.
    mutating func serveRawIPv4(
        _ fileDescriptor: CInt,
        _ source: Source,
        _ now: Timestamp
    ) throws(SystemCallError) {
        try self.serveTurn(fileDescriptor, source, tellingOrigins: false, now) { loop, index, _ in
            let length = loop.received.length(at: index)
            let slot = loop.received.slot(at: index)
            let isBroadcast = loop.isBroadcast(slot, length: length, now)
            if loop.hasNews, let payload = OuterPayload(bareFrom: source),
                let parts = loop.receiveMergedIPv4(
                    slot,
                    length: length,
                    payload,
                    isBroadcast: isBroadcast,
                    now
                )
            {
                return parts
            }
            loop.process(slot, length: length, now) { engine, buffer, spare in
                engine.receiveRawIPv4(&buffer, spare: &spare, isBroadcast: isBroadcast, at: now)
            }
            return 1
        }
    }

    /// Whether a packet came to a broadcast address, as far as its header is there.
    @inline(__always)
    private mutating func isBroadcast(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ now: Timestamp
    ) -> Bool {
        guard length >= IPv4Packet.minimumHeaderLength else { return false }
        let offset = PacketBuffer.headroom + IPv4Header.Offset.destination
        let destination = slot.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return self.broadcasts.isBroadcast(IPv4Address(UInt32(bigEndian: destination)), at: now.monotonic)
    }

    /// Other sockets give what stands behind the outer headers.
    mutating func serve(
        _ fileDescriptor: CInt,
        _ source: Source,
        _ payload: OuterPayload,
        _ now: Timestamp
    ) throws(SystemCallError) {
        try self.serveTurn(fileDescriptor, source, tellingOrigins: true, now) { loop, index, layout in
            let datagram = loop.received.datagram(at: index)
            guard let outer = OuterHeader(datagram, payload) else { return 1 }
            if payload == .ayiya {
                return loop.receive(index, datagram, outer, source, scatteredBy: layout, now)
            }
            let slot = loop.received.slot(at: index)
            if loop.hasNews, let payload = OuterPayload(bareFrom: source),
                let parts = loop.receiveMergedIPv6(slot, length: datagram.length, payload, outer, now)
            {
                return parts
            }
            loop.submit(slot, length: datagram.length, payload, outer, now)
            return 1
        }
    }

    /// Receives from a socket until it is empty or the turn is over.
    ///
    /// - Parameters:
    ///   - fileDescriptor: The socket.
    ///   - source: Which one it is.
    ///   - tellingOrigins: Whether `receive` needs to know where the messages came from.
    ///   - now: The time.
    ///   - receive: Takes one of the received messages, which may have been received as planned, and says how many packets it
    ///     was.
    /// - Throws: ``SystemCallError`` when the socket fails.
    private mutating func serveTurn(
        _ fileDescriptor: CInt,
        _ source: Source,
        tellingOrigins: Bool,
        _ now: Timestamp,
        _ receive: (inout PacketLoop, Int, ScatterLayout?) -> Int
    ) throws(SystemCallError) {
        let place = Int(source.rawValue)
        var isOver = false
        var packets = 0
        for _ in 0..<Self.turn / self.received.capacity where !isOver {
            let wanted = self.receiveBudgets[place].messages
            var messages = 0
            var taken = 0
            // What is read scattered needs more room, so that one budget may take several calls.
            while messages < wanted, packets + taken < Self.mostSegments, !isOver {
                let layout = self.layouts[place]
                let limit = self.scatterBuffers.makeRoom(for: layout, messages: wanted - messages)
                let count = try self.received.receive(
                    from: fileDescriptor,
                    atMost: limit,
                    tellingOrigins: tellingOrigins,
                    into: layout == nil ? nil : self.scatterBuffers.room
                )
                // What is known of a packet is known before it can be received.
                self.hasNews = count > 0 && self.arrivals.haveNews(at: now.monotonic)
                for index in 0..<count { taken += receive(&self, index, layout) }
                self.submitAll(now)
                messages += count
                isOver = count < limit
            }
            self.receiveBudgets[place].note(messages: messages, packets: taken)
            packets += taken
            isOver = isOver || packets >= Self.mostSegments
        }
    }

    mutating func submit(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ payload: OuterPayload,
        _ outer: OuterHeader,
        expecting signature: SHA1Digest? = nil,
        _ now: Timestamp
    ) {
        self.process(slot, length: length, now) { engine, buffer, spare in
            engine.receiveFromUnderlay(
                &buffer,
                spare: &spare,
                as: payload,
                outer,
                expecting: signature,
                at: now
            )
        }
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
        self.isToGroup = datagram.wasSentToGroup
    }
}
