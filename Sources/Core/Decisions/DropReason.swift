internal import Wire

/// Why a packet was discarded; there is one counter a case.
///
/// Reads as the completed sentence "dropped because of a …".
public enum DropReason: UInt8, Error, Hashable, Sendable, CaseIterable {
    // What is wrong with the packet itself.
    case malformedPacket
    case nonIPv6Payload
    case nonIPv4Payload
    case wrongChecksum
    case congestionMarkOnUnawarePacket

    // Where it comes from or wants to go.
    case spoofedSource
    case impossibleSource
    case ownSourceFromUplink
    case wrongEndpoint
    case endpointInsideTunnel
    case impossibleDestination
    case sameIngressAndEgress
    case unsolicitedLocalPacket

    // What stands in its way; an ICMPv6 error was not allowed or not sent.
    case missingTunnel
    case disabledTunnel
    case downTunnel
    case unassignedAddress
    case unassignedSource
    case oversizedPacket
    case exhaustedHopLimit
    case closedPort
    case badExtensionHeader
    case sendFailure

    // Authentication.
    case clockSkew
    case ayiyaHashMismatch
    case nonAYIYAPacket
    case invalidAYIYAForward
    case ayiyaReplay
    case heartbeatHashMismatch
    case nonHeartbeatPacket
    case missingHeartbeatSender
    case heartbeatSenderMismatch
    case missingHeartbeatTime
    case heartbeatReplay

    /// A packet that is not signed, of a tunnel whose packets must be.
    static let unsignedPacket = DropReason.nonAYIYAPacket

    /// The operator's error counter that the drop also counts for, or nil when it has none.
    public var errorKind: ErrorKind? {
        switch self {
        case .malformedPacket, .wrongChecksum, .congestionMarkOnUnawarePacket: .wrongPayload
        case .nonIPv6Payload: .nonIPv6Payload
        case .nonIPv4Payload: .nonIPv4Payload
        case .spoofedSource, .impossibleSource, .unassignedSource: .wrongSourceIPv6
        case .ownSourceFromUplink: .packetOverUplink
        case .wrongEndpoint, .endpointInsideTunnel: .wrongSourceIPv4
        case .sameIngressAndEgress: .sameInterface
        case .disabledTunnel: .disabledTunnel
        case .oversizedPacket: .packetTooBig
        case .clockSkew: .clockOff
        case .ayiyaHashMismatch: .ayiyaHashFail
        case .nonAYIYAPacket: .ayiyaNonAYIYA
        case .invalidAYIYAForward: .ayiyaInvalidForward
        case .ayiyaReplay: .ayiyaReplay
        case .heartbeatHashMismatch: .heartbeatHashFail
        case .nonHeartbeatPacket: .heartbeatNonHeartbeat
        case .missingHeartbeatSender: .heartbeatMissingSender
        case .heartbeatSenderMismatch: .heartbeatSenderMismatch
        case .missingHeartbeatTime: .heartbeatMissingTime
        case .heartbeatReplay: .heartbeatReplay
        case .impossibleDestination, .unsolicitedLocalPacket, .missingTunnel, .downTunnel, .unassignedAddress,
            .exhaustedHopLimit, .closedPort, .badExtensionHeader, .sendFailure:
            nil
        }
    }
}

extension DropReason {
    /// Why something is no inner IPv6 packet.
    init(inner error: DecodeError) {
        switch error {
        case .unsupportedVersion: self = .nonIPv6Payload
        default: self = .malformedPacket
        }
    }

    /// Why something is no ICMP message.
    init(message error: DecodeError) {
        switch error {
        case .wrongChecksum: self = .wrongChecksum
        default: self = .malformedPacket
        }
    }
}
