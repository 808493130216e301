import Core
import LinuxIO
import Wire

extension PacketLoop {
    /// Asks the engine about a packet, and takes over what it says.
    ///
    /// - Parameters:
    ///   - slot: Where the packet is, behind the headroom; must stay as it is until ``flush(_:)``.
    ///   - length: Of the packet, in octets.
    ///   - now: The time.
    ///   - question: What to ask.
    mutating func process(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ now: Timestamp,
        _ question: (inout Engine, inout PacketBuffer, inout PacketBuffer) -> Output
    ) {
        self.makeRoom(now)
        let headroom = PacketBuffer.headroom
        var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: headroom..<headroom + length)
        let spareSlot = self.spares.slot(at: self.usedSpares)
        var spare = PacketBuffer(MutableRawSpan(_unsafeBytes: spareSlot), range: headroom..<headroom)
        let output = question(&self.engine, &buffer, &spare)
        if output.awaitsSignature, case .underlay(_, let tunnel?, _) = output.packet {
            self.signLater(buffer, of: tunnel)
        }
        self.egress.transmit(buffer, output.packet, &self.engine, now)
        if case .none = output.spare { return }
        self.usedSpares += 1
        self.egress.transmit(spare, output.spare, &self.engine, now)
    }

    /// Sends what waits unless there is room for what one more question may bring.
    ///
    /// Comes before a slot of ``segments`` is taken, not only before its packet is asked about: sending frees them all,
    /// and the one in use would be taken once more.
    mutating func makeRoom(_ now: Timestamp) {
        if self.egress.isFull || self.usedSpares == self.spares.capacity { self.flush(now) }
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
        self.egress.flush(through: &self.ring, &self.engine, now)
        self.usedSpares = 0
        self.usedSegments = 0
    }
}
