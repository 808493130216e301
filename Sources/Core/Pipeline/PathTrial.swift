internal import Wire

/// Tries a path with a packet of our own where nothing shows that what is said of it is about a packet that we sent.
///
/// Errors about datagrams that were sent as one message, whose headers the kernel writes, show nothing, nor do those that were
/// made up. A packet as large as the one that is said not to have passed carries a nonce: if it does not pass either, the router
/// quotes that.
enum PathTrial {
    private static let nonceLength = 8

    /// Makes a packet that shows whether a path is as narrow as is said.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - length: Size of the outer packet, in octets.
    ///   - buffer: Takes the packet.
    ///   - tables: What is known of the tunnel.
    ///   - now: The time.
    /// - Returns: Whether there is one: not while another is under way, nor when there were too many.
    static func make(
        of tid: TID,
        length: Int,
        in buffer: inout PacketBuffer,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Bool {
        guard let path = tables.forwarding.tunnels[tid].session.path,
            tables.forwarding.entries[tid].condition == .up
        else { return false }
        let overhead = tables.forwarding.tunnels[tid].session.encapsulation.overhead(toward: path.remote)
        let messageLength = length - overhead - IPv6Packet.headerLength
        guard messageLength >= ICMPv6Message.headerLength + Self.nonceLength,
            tables.sessions.beginTrial(of: tid, at: now.monotonic),
            tables.mayTell(path.remote, .pathProbe, about: tid, now), buffer.reset(to: messageLength)
        else { return false }
        buffer.fillWithZeros()
        let nonce = tables.evidence.nonce(of: tid, in: PathEvidence.slot(at: now))
        buffer.bytes.storeBigEndian(nonce, at: buffer.range.lowerBound + ICMPv6Message.headerLength)
        buffer.makeEchoRequest(
            identifier: tid.rawValue,
            0,
            from: tables.forwarding.plan.localAddress(of: tid),
            to: tables.forwarding.plan.remoteAddress(of: tid)
        )
        return true
    }
}
