import Core
import LinuxIO
import Wire

/// Asks the engine about packets, and has sent what it says.
struct PacketProcessor: ~Copyable {
    var engine: Engine
    /// Where packets lie until they were sent.
    var slots: PacketSlots
    /// Those of packets that wait to be signed together.
    private var signatures = DatagramSignatures()
    private let sockets: WorkerSockets
    private var sender: UnderlaySender
    private var writer: UplinkWriter
    /// Tells the kernel which packets have been done with; nil where it forwards none by itself.
    private let forwarding: KernelForwarding?
    private var order: PacketOrder?
    /// Reads and writes many messages of the TUN device at once; nil where they are moved one by one.
    var ring: DeviceRing?
    /// How many packets wait: no queue can have more, and it is asked for before each packet.
    private var waiting = 0
    private let capacity: Int

    init(
        _ engine: consuming Engine,
        _ sockets: WorkerSockets,
        _ forwarding: KernelForwarding?
    ) throws(SystemCallError) {
        let batch = sockets.options.batchSize
        self.slots = try PacketSlots(capacity: batch)
        self.capacity = 2 * batch
        self.sender = UnderlaySender(sockets, capacity: 2 * batch)
        self.writer = UplinkWriter(capacity: 2 * batch)
        self.sockets = sockets
        self.forwarding = forwarding
        self.order = forwarding.map { PacketOrder($0.tables, $0.slowdowns, capacity: 2 * batch) }
        self.engine = engine
        self.engine.defersSignatures = batch > 1
    }

    // MARK: - Packets

    /// Asks the engine about a packet, and takes over what it says.
    ///
    /// - Parameters:
    ///   - slot: Where the packet is, behind the headroom; must stay as it is until ``flush(_:)``.
    ///   - length: Of the packet, in octets.
    ///   - place: What the kernel counted it as when it left it to the daemon; nil for nothing.
    ///   - now: The time.
    ///   - question: What to ask.
    mutating func process(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        at place: PacketOrder.Place? = nil,
        _ now: Timestamp,
        _ question: (inout Engine, inout PacketBuffer, inout PacketBuffer) -> Output
    ) {
        self.makeRoom(now)
        let headroom = PacketBuffer.headroom
        var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: headroom..<headroom + length)
        let spareSlot = self.slots.spares.slot(at: self.slots.usedSpares)
        var spare = PacketBuffer(MutableRawSpan(_unsafeBytes: spareSlot), range: headroom..<headroom)
        let output = question(&self.engine, &buffer, &spare)
        if output.awaitsSignature, case .underlay(_, let tunnel?, _) = output.packet {
            self.signLater(buffer, of: tunnel)
        }
        let datagram = output.isDatagram ? self.engine.datagram : nil
        // Then it is written at once.
        if place != nil, self.sockets.tun.offloads == nil { self.order?.waitForOthers(sending: place) }
        let before = self.waiting
        self.transmit(buffer, output.packet, datagram, now)
        if let place { self.order?.note(place, isSentLater: self.waiting > before) }
        if case .none = output.spare { return }
        self.slots.usedSpares += 1
        self.transmit(spare, output.spare, nil, now)
    }

    /// Gives the engine a packet that the kernel routed into the TUN device.
    mutating func submitFromUplink(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ now: Timestamp
    ) {
        let place = self.order?.place(fromUplink: Self.packet(in: slot, length: length), self.engine.plan)
        self.process(slot, length: length, at: place, now) { engine, buffer, spare in
            engine.receiveFromUplink(&buffer, spare: &spare, at: now)
        }
    }

    /// What the kernel counted a whole outer packet of 6in4 or GRE over IPv4 as that lies in a slot; nil for nothing.
    func place(fromLink slot: UnsafeMutableRawBufferPointer, length: Int) -> PacketOrder.Place? {
        self.order?.place(fromLink: Self.packet(in: slot, length: length), self.engine.plan)
    }

    /// The same of what stood behind an outer header of IPv6.
    func place(
        fromLink slot: UnsafeMutableRawBufferPointer,
        _ range: Range<Int>,
        _ payload: OuterPayload,
        _ outer: OuterHeader
    ) -> PacketOrder.Place? {
        self.order?.place(
            fromLink: UnsafeRawBufferPointer(rebasing: slot[range]),
            payload,
            along: outer.path,
            self.engine.plan
        )
    }

    private static func packet(
        in slot: UnsafeMutableRawBufferPointer,
        length: Int
    ) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: slot[PacketBuffer.headroom..<PacketBuffer.headroom + length])
    }

    /// Gives the engine what stood behind outer headers.
    mutating func submitFromUnderlay(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ payload: OuterPayload,
        _ outer: OuterHeader,
        expecting signature: SHA1Digest? = nil,
        at place: PacketOrder.Place? = nil,
        _ now: Timestamp
    ) {
        self.process(slot, length: length, at: place, now) { engine, buffer, spare in
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

    private mutating func transmit(
        _ buffer: borrowing PacketBuffer,
        _ transmission: Output.Transmission,
        _ datagram: OuterDatagram?,
        _ now: Timestamp
    ) {
        switch transmission {
        case .none: return
        case .uplink(let origin):
            guard self.writer.write(buffer, origin, to: self.sockets.tun, &self.engine, now) else { return }
        case .underlay(let remote, let tunnel, let origin):
            self.sender.append(buffer, datagram, to: remote, of: tunnel, origin)
        }
        self.waiting += 1
    }

    /// Sends what waits unless there is room for what one more question may bring: two packets.
    ///
    /// Comes before a slot of ``PacketSlots/segments`` is taken, not only before its packet is asked about: sending frees them
    /// all, and the one in use would be taken once more.
    mutating func makeRoom(_ now: Timestamp) {
        if self.waiting > self.capacity - 2 || self.slots.usedSpares == self.slots.spares.capacity {
            self.flush(now)
        }
    }

    /// Has a packet wait until enough are there to be signed together.
    private mutating func signLater(_ buffer: borrowing PacketBuffer, of tunnel: TID) {
        let packet = buffer.packet.withUnsafeBytes { $0 }
        if self.engine.add(packet, of: tunnel, to: &self.signatures), self.signatures.isFull {
            self.signatures.sign()
        }
    }

    /// Sends everything that waits; all slots are free afterwards.
    mutating func flush(_ now: Timestamp) {
        if self.signatures.count > 0 { self.signatures.sign() }
        // Whoever hears of a change by what is sent now finds the kernel knowing it.
        self.forwarding?.publish(&self.engine, at: now)
        self.order?.waitForOthers()
        self.sender.flush(through: self.sockets, &self.engine, now)
        self.writer.flush(to: self.sockets.tun, through: &self.ring, &self.engine, now)
        self.waiting = 0
        self.order?.noteSent()
        self.slots.freeAll()
    }

    // MARK: - What stands for several

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
        let isLarge = front + whole.largest > self.slots.segments.slotSize - headroom
        self.makeRoom(now)
        if self.slots.usedSegments == self.slots.segments.capacity { self.flush(now) }
        let slot =
            isLarge
            ? self.slots.largeSegment.slot(at: 0) : self.slots.segments.slot(at: self.slots.usedSegments)
        var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: headroom..<headroom)
        guard whole.write(index, into: &buffer, behind: front) else { return nil }
        if !isLarge { self.slots.usedSegments += 1 }
        return (slot, buffer.count, isLarge)
    }
}
