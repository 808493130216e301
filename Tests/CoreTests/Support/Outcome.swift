import Core
import Testing
import Wire

/// What became of one packet.
enum Fate: Hashable, Sendable {
    case forwarded
    case answered
    case consumed
    case dropped(DropReason)
    /// The counters do not add up: not exactly one of them moved by exactly one.
    case unbalanced(String)

    /// Reads the fate of one packet off the counters before and after it; one that is not accounted is an issue.
    init(from before: Accounting, to after: Accounting) {
        var fates: [Fate] = []
        fates += Self.repeated(.forwarded, after.forwarded &- before.forwarded)
        fates += Self.repeated(.answered, after.answered &- before.answered)
        fates += Self.repeated(.consumed, after.consumed &- before.consumed)
        for index in before.dropped.indices where after.dropped[index] != before.dropped[index] {
            guard let reason = DropReason(rawValue: UInt8(index)) else { continue }
            fates += Self.repeated(.dropped(reason), after.dropped[index] &- before.dropped[index])
        }
        let received =
            (after.receivedFromUplink &- before.receivedFromUplink)
            &+ (after.receivedFromUnderlay &- before.receivedFromUnderlay)
        guard fates.count == 1, received == 1 else {
            self = .unbalanced("received \(received), accounted for as \(fates)")
            Issue.record("\(self)")
            return
        }
        self = fates[0]
    }

    private static func repeated(_ fate: Fate, _ count: UInt64) -> [Fate] {
        Array(repeating: fate, count: Int(clamping: min(count, 8)))
    }
}

/// A packet that the engine told to transmit.
struct Transmitted: Hashable, Sendable {
    let destination: Output.Transmission
    let octets: [UInt8]

    init?(_ destination: Output.Transmission, _ octets: ArraySlice<UInt8>) {
        guard destination != .none else { return nil }
        self.destination = destination
        self.octets = Array(octets)
    }

    /// Whether it goes to the native side.
    var isToUplink: Bool {
        guard case .uplink = self.destination else { return false }
        return true
    }

    /// Whether the engine made it, rather than sent it on.
    var isOwn: Bool {
        switch self.destination {
        case .uplink(let origin), .underlay(_, _, let origin): origin == .own
        case .none: false
        }
    }

    /// The tunnel that it leaves through, or nil for the uplink.
    var tunnel: UInt16? {
        guard case .underlay(_, let tid, _) = self.destination else { return nil }
        return tid?.rawValue
    }

    /// Where it leaves to, or nil for the uplink.
    var remote: IPAddress? {
        guard case .underlay(let remote, _, _) = self.destination else { return nil }
        return remote
    }

    /// The packet without its outer headers; itself when it goes to the native side.
    var inner: [UInt8] {
        if self.isToUplink { return self.octets }
        return (try? OuterPacket(wholePacket: self.octets).inner) ?? []
    }
}

/// What the engine did with one packet.
struct Outcome: Hashable, Sendable {
    let fate: Fate
    let sent: Transmitted?
    /// What left beside it: an echo response or a second fragment.
    let spare: Transmitted?

    init(fate: Fate, sent: Transmitted?, spare: Transmitted?) {
        self.fate = fate
        self.sent = sent
        self.spare = spare
    }

    /// Whether the packet had this fate and nothing was sent.
    static func nothing(but fate: Fate) -> Outcome { Outcome(fate: fate, sent: nil, spare: nil) }

    /// The ICMPv6 message that was sent, as its type and code; nil when there was none.
    var icmp: ICMPv6Seen? { self.sent.flatMap { ICMPv6Seen($0.inner) } }
}

/// An ICMPv6 message that the engine sent, taken apart by hand.
struct ICMPv6Seen: Hashable, Sendable {
    let source: IPv6Address
    let destination: IPv6Address
    let hopLimit: UInt8
    let type: UInt8
    let code: UInt8
    let parameter: UInt32
    let body: [UInt8]

    /// Reads a packet that is nothing but an ICMPv6 message with a right checksum; nil for others.
    init?(_ packet: [UInt8]) {
        guard let header = try? IPv6Packet(packet.span.bytes), header.totalLength == packet.count,
            header.nextHeader == ProtocolNumber.icmpv6,
            let message = try? ICMPv6Message(
                header.payload,
                source: header.source,
                destination: header.destination
            )
        else { return nil }
        self.source = header.source
        self.destination = header.destination
        self.hopLimit = header.hopLimit
        self.type = message.type
        self.code = message.code
        self.parameter = message.parameter
        self.body = message.body.octets
    }
}
