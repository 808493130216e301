import Core
import LinuxIO
import Wire

/// Receives what comes from the underlay, and cuts up what links or the kernel put together.
struct UnderlayReceiver: ~Copyable {
    /// What bare packets really are.
    let arrivals: Arrivals
    /// Whether there is anything to ask it about what was received last.
    var hasNews = false
    /// How much to take from each source next, in the order of the sources.
    private var receiveBudgets: [ReceiveBudget]
    /// How the next message of each source is expected to be, in the order of the sources; nil for anything.
    var layouts: [ScatterLayout?]
    /// Signed datagrams that wait to be given to the engine, and what some of them must be signed with.
    var datagrams: [Datagram] = []
    var expected = DatagramSignatures()
    /// Tells packets to this host from those to everybody on its link.
    private var broadcasts: BroadcastCheck

    init(_ sockets: WorkerSockets, waiting capacity: Int) throws(SystemCallError) {
        let arrivals = try Arrivals(sockets.tap)
        self.broadcasts = try BroadcastCheck()
        self.arrivals = arrivals
        let budget = ReceiveBudget(messages: sockets.options.batchSize, packets: PacketSource.mostSegments)
        self.receiveBudgets = PacketSource.allCases.map { _ in budget }
        self.layouts = PacketSource.allCases.map { _ in nil }
        self.datagrams.reserveCapacity(capacity)
    }

    /// Raw IPv4 sockets give whole packets, with their outer headers.
    mutating func serveRawIPv4(
        _ fileDescriptor: CInt,
        _ source: PacketSource,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) throws(SystemCallError) {
        try self.serveTurn(fileDescriptor, source, tellingOrigins: false, &processor, now) {
            receiver,
            processor,
            index,
            _ in
            let length = processor.slots.received.length(at: index)
            let slot = processor.slots.received.slot(at: index)
            let isBroadcast = receiver.isBroadcast(slot, length: length, now)
            if receiver.hasNews, let payload = source.barePayload,
                let parts = receiver.receiveMergedIPv4(
                    slot,
                    length: length,
                    payload,
                    isBroadcast: isBroadcast,
                    &processor,
                    now
                )
            {
                return parts
            }
            let place = source.barePayload == nil ? nil : processor.place(fromLink: slot, length: length)
            processor.process(slot, length: length, at: place, now) { engine, buffer, spare in
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
        _ source: PacketSource,
        _ payload: OuterPayload,
        _ processor: inout PacketProcessor,
        _ now: Timestamp
    ) throws(SystemCallError) {
        try self.serveTurn(fileDescriptor, source, tellingOrigins: true, &processor, now) {
            receiver,
            processor,
            index,
            layout in
            let datagram = processor.slots.received.datagram(at: index)
            guard let outer = OuterHeader(datagram, payload) else { return 1 }
            if payload.isSigned {
                return receiver.receive(index, datagram, outer, source, scatteredBy: layout, &processor, now)
            }
            let slot = processor.slots.received.slot(at: index)
            if receiver.hasNews, let payload = source.barePayload,
                let parts = receiver.receiveMergedIPv6(
                    slot,
                    length: datagram.length,
                    payload,
                    outer,
                    &processor,
                    now
                )
            {
                return parts
            }
            let range = PacketBuffer.headroom..<PacketBuffer.headroom + datagram.length
            let place =
                source.barePayload == nil ? nil : processor.place(fromLink: slot, range, payload, outer)
            processor.submitFromUnderlay(slot, length: datagram.length, payload, outer, at: place, now)
            return 1
        }
    }

    /// Receives from a socket until it is empty or the turn is over.
    ///
    /// - Parameters:
    ///   - fileDescriptor: The socket.
    ///   - source: Which one it is.
    ///   - tellingOrigins: Whether `receive` needs to know where the messages came from.
    ///   - processor: Asks the engine about the packets.
    ///   - now: The time.
    ///   - receive: Takes one of the received messages, which may have been received as planned, and says how many packets it
    ///     was.
    /// - Throws: ``SystemCallError`` when the socket fails.
    private mutating func serveTurn(
        _ fileDescriptor: CInt,
        _ source: PacketSource,
        tellingOrigins: Bool,
        _ processor: inout PacketProcessor,
        _ now: Timestamp,
        _ receive: (inout UnderlayReceiver, inout PacketProcessor, Int, ScatterLayout?) -> Int
    ) throws(SystemCallError) {
        let place = source.place
        var isOver = false
        var packets = 0
        for _ in 0..<PacketSource.turn / processor.slots.received.capacity where !isOver {
            let wanted = self.receiveBudgets[place].messages
            var messages = 0
            var taken = 0
            // What is read scattered needs more room, so that one budget may take several calls.
            while messages < wanted, packets + taken < PacketSource.mostSegments, !isOver {
                let layout = self.layouts[place]
                let limit = processor.slots.scatterBuffers.makeRoom(for: layout, messages: wanted - messages)
                let count = try processor.slots.received.receive(
                    from: fileDescriptor,
                    atMost: limit,
                    tellingOrigins: tellingOrigins,
                    into: layout == nil ? nil : processor.slots.scatterBuffers.room
                )
                // What is known of a packet is known before it can be received.
                self.hasNews = count > 0 && self.arrivals.haveNews(at: now.monotonic)
                for index in 0..<count { taken += receive(&self, &processor, index, layout) }
                self.submitAll(&processor, now)
                messages += count
                isOver = count < limit
            }
            self.receiveBudgets[place].note(messages: messages, packets: taken)
            packets += taken
            isOver = isOver || packets >= PacketSource.mostSegments
        }
    }
}

extension OuterHeader {
    /// What the kernel said of a datagram; nil when it didn't say which of our addresses it was sent to.
    fileprivate init?(_ datagram: ReceivedDatagram, _ payload: OuterPayload) {
        guard let local = datagram.localAddress else { return nil }
        let port = payload.localPort
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
