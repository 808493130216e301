import Core
import Wire

extension EngineScript {
    /// One packet came in, and exactly one thing became of it.
    func judge(_ output: Output, since before: Accounting) throws(BrokenPromise) {
        let after = self.engine.accounting
        let received =
            after.receivedFromUplink + after.receivedFromUnderlay - before.receivedFromUplink
            - before.receivedFromUnderlay
        let forwarded = after.forwarded - before.forwarded
        let answered = after.answered - before.answered
        let consumed = after.consumed - before.consumed
        let dropped = after.droppedInAll - before.droppedInAll
        let spent = forwarded + answered + consumed + dropped
        try BrokenPromise.unless(received == 1 && spent == 1, "received \(received), spent \(spent)")
        try BrokenPromise.unless(forwarded == 0 || output.packet != .none, "forwarded to nowhere")
        // The response to an AYIYA echo request goes beside whatever becomes of the packet in it.
        try BrokenPromise.unless(
            consumed == 0 || Self.mayFollowNews(output.packet),
            "consumed and sent: \(output)"
        )
        try BrokenPromise.unless(dropped == 0 || output.packet == .none, "dropped and sent: \(output)")
    }

    /// Whether something may be sent where a packet was only taken note of: nothing, or what tries the path to a tunnel's end.
    private static func mayFollowNews(_ transmission: Output.Transmission) -> Bool {
        switch transmission {
        case .none: true
        case .underlay(_, let tunnel, .own): tunnel != nil
        default: false
        }
    }

    /// What is sent must be a whole and right packet, from us or rightly forwarded.
    func judge(_ transmission: Output.Transmission, _ octets: [UInt8]) throws(BrokenPromise) {
        switch transmission {
        case .none: break
        case .uplink(let origin): try self.judgeUplink(octets, origin)
        case .underlay(let remote, let tunnel, _):
            if tunnel != nil {
                try BrokenPromise.unless(!self.isInside(remote), "sent into a tunnel: \(remote)")
            }
            switch octets.first.map({ $0 >> 4 }) {
            case 4: try self.judgeIPv4(octets, to: remote)
            case 6: try self.judgeIPv6(octets, to: remote)
            default: throw BrokenPromise(description: "neither IPv4 nor IPv6: \(octets.prefix(4))")
            }
        }
    }

    private func isInside(_ remote: IPAddress) -> Bool {
        guard case .ipv6(let address) = remote else { return false }
        return self.engine.plan.owner(of: address) != .external
    }

    private func judgeUplink(_ octets: [UInt8], _ origin: Output.Origin) throws(BrokenPromise) {
        guard let packet = try? IPv6Packet(octets.span.bytes) else {
            throw BrokenPromise(description: "no IPv6 for the uplink")
        }
        let ends = (source: packet.source, destination: packet.destination, length: packet.totalLength)
        let isCloaked = packet.hopLimit == 0
        try BrokenPromise.unless(ends.length == octets.count, "length \(ends.length) of \(octets.count)")
        try BrokenPromise.unless(!isCloaked, "hop limit 0")
        let owners = (self.engine.plan.owner(of: ends.source), self.engine.plan.owner(of: ends.destination))
        try BrokenPromise.unless(owners.1 == .external, "to the uplink, but ours: \(ends.destination)")
        switch (origin, owners.0) {
        case (.forwarded, .remote), (.forwarded, .routed), (.own, .local), (.own, .daemon): break
        default: throw BrokenPromise(description: "\(origin) to the uplink from \(ends.source)")
        }
    }

    private func judgeIPv4(_ octets: [UInt8], to remote: IPAddress) throws(BrokenPromise) {
        guard let packet = try? IPv4Packet(octets.span.bytes) else {
            throw BrokenPromise(description: "no IPv4 outside")
        }
        let isRight =
            packet.totalLength == octets.count && packet.hasValidChecksum && packet.timeToLive == 64
            && .ipv4(packet.destination) == remote
        try BrokenPromise.unless(isRight, "wrong IPv4 outside: \(octets.prefix(20))")
    }

    private func judgeIPv6(_ octets: [UInt8], to remote: IPAddress) throws(BrokenPromise) {
        guard let packet = try? IPv6Packet(octets.span.bytes) else {
            throw BrokenPromise(description: "no IPv6 outside")
        }
        let isRight =
            packet.totalLength == octets.count && packet.hopLimit == 64 && .ipv6(packet.destination) == remote
        try BrokenPromise.unless(isRight, "wrong IPv6 outside: \(octets.prefix(40))")
    }
}
