public import Wire

/// What the probes of another PoP measured.
public struct PoPLatency: Hashable, Sendable {
    /// The PoP.
    public internal(set) var details: PoPDetails
    /// Round trips over IPv4.
    public internal(set) var ipv4 = LatencyRecord()
    /// Round trips over IPv6.
    public internal(set) var ipv6 = LatencyRecord()
    /// How long those over IPv4 took.
    public internal(set) var ipv4RoundTrips = RoundTrips()
    /// How long those over IPv6 took.
    public internal(set) var ipv6RoundTrips = RoundTrips()

    mutating func receive(_ reply: ProbeReply, isIPv6: Bool, at now: Timestamp) {
        if isIPv6 {
            self.ipv6.receive(reply, at: now, countedIn: &self.ipv6RoundTrips)
        } else {
            self.ipv4.receive(reply, at: now, countedIn: &self.ipv4RoundTrips)
        }
    }
}

/// Latency probes: whose turn it is, and what those to other PoPs brought back.
struct Probes {
    var prober: LatencyProber
    private(set) var pops: [PoPLatency] = []

    init(seed: UInt64) {
        self.prober = LatencyProber(seed: seed)
    }

    /// Writes what a probe says behind the 8 octets of its ICMP header; those are left to be written.
    ///
    /// - Returns: Whether it fits.
    mutating func writeBody(for target: ProbeTarget, in buffer: inout PacketBuffer, _ now: Timestamp) -> Bool
    {
        guard buffer.reset(to: LatencyProber.messageLength) else { return false }
        let values = self.prober.nextBody(for: target)
        let body = buffer.range.lowerBound + ICMPv6Message.headerLength
        buffer.fillWithZeros()
        buffer.bytes.storeBigEndian(values.magic, at: body)
        buffer.bytes.storeBigEndian(now.monotonic, at: body + 8)
        buffer.bytes.storeBigEndian(values.target, at: body + 16)
        return true
    }

    /// Counts a probe that was sent to another PoP.
    mutating func noteSent(to index: Int, isIPv6: Bool) {
        if isIPv6 {
            self.pops[index].ipv6.send(self.prober.sequence)
        } else {
            self.pops[index].ipv4.send(self.prober.sequence)
        }
    }

    /// Counts a reply that came from another PoP.
    mutating func noteReply(_ reply: ProbeReply?, from source: IPAddress, at now: Timestamp) {
        guard let reply, case .pop(let id, let isIPv6) = reply.target,
            self.prober.isCurrent(reply.magic, at: now),
            let index = self.pops.firstIndex(where: { $0.details.id == Int(id) })
        else { return }
        let details = self.pops[index].details
        switch source {
        case .ipv4(details.ipv4) where !isIPv6: self.pops[index].receive(reply, isIPv6: false, at: now)
        case .ipv6(details.ipv6) where isIPv6: self.pops[index].receive(reply, isIPv6: true, at: now)
        default: break
        }
    }

    /// Takes over the PoPs of a configuration; what was measured of those that stay is kept.
    mutating func adoptPoPs(of latencies: [PoPLatency]) {
        var latencies = latencies
        for index in latencies.indices {
            let details = latencies[index].details
            guard let known = self.pops.first(where: { $0.details == details }) else { continue }
            latencies[index] = known
        }
        self.pops = latencies
    }
}
