internal import Wire

// A path is tried with a packet of our own where nothing shows that what is said of it is about a packet that we sent.
//
// Errors about datagrams that were sent as one message, whose headers the kernel writes, show nothing, nor do those that were made up. A packet as
// large as the one that is said not to have passed carries a nonce: if it does not pass either, the router quotes that.
extension Engine {
    /// Octets behind the outer headers in front of a trial's nonce.
    static let nonceOffset = IPv6Packet.headerLength + ICMPv6Message.headerLength
    private static let nonceLength = 8

    /// Makes a packet that shows whether a path is as narrow as is said.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - length: Size of the outer packet, in octets.
    ///   - buffer: Takes the packet.
    ///   - spare: Takes nothing, since the packet is not fragmented.
    ///   - now: The time.
    /// - Returns: Where it goes: nowhere while another is under way, or when there were too many.
    mutating func tryPath(
        of tid: TID,
        with length: Int,
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ now: Timestamp
    ) -> Output {
        guard let path = self.forwarder.tunnels[tid].session.path,
            self.forwarder.entries[tid].condition == .up
        else { return Output() }
        let overhead = self.forwarder.tunnels[tid].session.encapsulation.overhead(toward: path.remote)
        let messageLength = length - overhead - IPv6Packet.headerLength
        guard messageLength >= ICMPv6Message.headerLength + Self.nonceLength,
            self.sessions.beginTrial(of: tid, at: now.monotonic),
            self.mayTell(path.remote, .pathProbe, about: tid, now), buffer.reset(to: messageLength)
        else { return Output() }
        self.writeTrial(of: tid, in: &buffer, now)
        return self.encapsulate(&buffer, spare: &spare, into: tid, .own, now)
    }

    private func writeTrial(of tid: TID, in buffer: inout PacketBuffer, _ now: Timestamp) {
        let start = buffer.range.lowerBound
        for offset in buffer.range { buffer.bytes.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self) }
        let nonce = self.evidence.nonce(of: tid, in: PathEvidence.slot(at: now))
        buffer.bytes.storeBigEndian(nonce, at: start + ICMPv6Message.headerLength)
        buffer.makeEchoRequest(
            identifier: tid.rawValue,
            0,
            from: self.plan.localAddress(of: tid),
            to: self.plan.remoteAddress(of: tid)
        )
    }
}
