import Core
import Wire

/// Which way a packet would take, by what would be decided about it: through the kernel alone, or through the daemon.
///
/// Whether the kernel has a next hop for it is known to nobody before it comes: without one, it is the daemon's.
struct ExplainedWay: Sendable {
    /// The tunnel whose packet it is; nil for one that is none's.
    let tid: TID?
    /// What of the packet is the daemon's alone; nil for nothing.
    let reason: String?

    /// Judges by decisions.
    ///
    /// - Parameters:
    ///   - entries: Every decision about the packet, in order.
    ///   - outer: The packet where it is a whole outer one; nil where the outer header is as plain as can be.
    init(_ entries: [DecisionLogEntry], outer: [UInt8]? = nil) {
        self.tid = entries.last { $0.tid != nil }?.tid
        self.reason = Self.reason(entries.map(\.decision), outer)
    }

    private static func reason(_ decisions: [Decision], _ outer: [UInt8]?) -> String? {
        switch decisions.first {
        case .enteredFromUplink(let octets):
            guard case .encapsulated? = decisions.last else { return Self.notForwarded }
            return Self.reasonInside(decisions, octets)
        case .enteredFromUnderlay(let payload, _, let octets):
            let front = payload == .gre ? GREPacket.headerLength : 0
            guard payload == .sixInFour || payload == .gre else { return "it is neither 6in4 nor GRE" }
            guard case .sentToUplink? = decisions.last else { return Self.notForwarded }
            return outer.flatMap { Self.reasonOutside($0, payload) }
                ?? Self.reasonInside(decisions, octets - front)
        default: return Self.notForwarded
        }
    }

    private static let notForwarded = "it is not just forwarded"

    private static func reasonInside(_ decisions: [Decision], _ octets: Int) -> String? {
        for decision in decisions {
            switch decision {
            case .inner(_, _, _, _, let length) where length != octets: return "something stands behind it"
            case .fragmented: return "it is cut in two"
            case .followed: return "the tunnel's packets came another way before"
            default: continue
            }
        }
        return nil
    }

    private static func reasonOutside(_ packet: [UInt8], _ payload: OuterPayload) -> String? {
        guard packet.count >= IPv6Packet.headerLength + GREPacket.headerLength else { return nil }
        var front = IPv4Packet.minimumHeaderLength
        if packet[0] >> 4 == 6 {
            front = IPv6Packet.headerLength
            let isPlain = [ProtocolNumber.ipv6, ProtocolNumber.gre].contains(packet[6])
            if !isPlain { return "the outer header has options" }
        } else if packet[0] != 0x45 {
            return "the outer header has options"
        } else if packet[6] & 0x3f | packet[7] != 0 {
            return "the outer packet is a fragment"
        }
        return payload == .gre && packet[front] | packet[front + 1] != 0 ? "the GRE header has options" : nil
    }

    /// The way in words.
    ///
    /// - Parameter obstacle: What is special about the packet's tunnel; nil for nothing.
    /// - Returns: The words.
    func text(_ obstacle: PlainTunnel.Obstacle?) -> String {
        guard let reason = self.reason ?? obstacle?.description else { return "the kernel alone" }
        return "the daemon, \(reason)"
    }

    /// The line that is shown.
    ///
    /// - Parameter obstacle: What is special about the packet's tunnel; nil for nothing.
    /// - Returns: The line.
    func line(_ obstacle: PlainTunnel.Obstacle?) -> String { "way: \(self.text(obstacle))" }
}
