/// The errors that are counted for each tunnel, by the names that operators' scripts know.
public enum ErrorKind: UInt8, Hashable, Sendable, CaseIterable {
    case packetTooBig
    case disabledTunnel
    case clockOff
    case sendError
    case sameInterface
    case wrongSourceIPv6
    case wrongSourceIPv4
    case packetOverUplink
    case nonIPv6Payload
    case nonIPv4Payload
    case ayiyaHashFail
    case ayiyaNonAYIYA
    case ayiyaInvalidForward
    case heartbeatHashFail
    case heartbeatNonHeartbeat
    case heartbeatMissingSender
    case heartbeatSenderMismatch
    case heartbeatMissingTime
    case icmpv4Error
    case icmpv4EchoRequest
    case wrongPayload
    case ayiyaReplay
    case heartbeatReplay

    /// The name that the control port prints.
    public var name: String {
        switch self {
        case .packetTooBig: "Encap.Pkt Too Big"
        case .disabledTunnel: "Disabled tunnel"
        case .clockOff: "Clock Off"
        case .sendError: "Encap.Pkt Send Error"
        case .sameInterface: "Same In&Out Interface"
        case .wrongSourceIPv6: "Wrong Source IPv6"
        case .wrongSourceIPv4: "Wrong Source IPv4"
        case .packetOverUplink: "Packet over uplink"
        case .nonIPv6Payload: "Non-IPv6 Payload"
        case .nonIPv4Payload: "Non-IPv4 Payload"
        case .ayiyaHashFail: "AYIYA Hash Fail"
        case .ayiyaNonAYIYA: "AYIYA-non-AYIYA"
        case .ayiyaInvalidForward: "AYIYA Invalid Forward"
        case .heartbeatHashFail: "Heartbeat Hash Fail"
        case .heartbeatNonHeartbeat: "HB-non-HB"
        case .heartbeatMissingSender: "HB Missing sender"
        case .heartbeatSenderMismatch: "HB Sender Mismatch"
        case .heartbeatMissingTime: "HB Missing Time"
        case .icmpv4Error: "ICMPv4 Errors Received"
        case .icmpv4EchoRequest: "ICMPv4 Echo Req. Recv."
        case .wrongPayload: "Wrong Payload"
        case .ayiyaReplay: "AYIYA Replay"
        case .heartbeatReplay: "HB Replay"
        }
    }
}
