internal import Wire

/// The ICMPv6 errors that the engine sends (RFC 4443 §3).
public enum ICMPv6Error: Hashable, Sendable {
    /// Destination unreachable, no route to destination (1/0): the tunnel is down.
    case tunnelDown
    /// Destination unreachable, no route to destination (1/0): an address of a tunnel's /64 that nobody has.
    case unassignedAddress
    /// Destination unreachable, administratively prohibited (1/1): the tunnel is disabled.
    case tunnelDisabled
    /// Destination unreachable, address unreachable (1/3): there is no such tunnel.
    case noSuchTunnel
    /// Destination unreachable, port unreachable (1/4): the PoP offers nothing but echo.
    case portUnreachable
    /// Destination unreachable, source address failed policy (1/5): a user sends from an address that is not theirs.
    case sourceFailedPolicy
    /// Packet too big (2/0), with the largest size that passes, in octets.
    case packetTooBig(mtu: Int)
    /// Time exceeded, hop limit exceeded in transit (3/0).
    case hopLimitExceeded
    /// Parameter problem, erroneous header field (4/0), with its offset in octets.
    case erroneousField(offset: Int)
    /// Parameter problem, unrecognized IPv6 option (4/2), with its offset in octets.
    case unrecognizedOption(offset: Int)

    var type: UInt8 {
        switch self {
        case .tunnelDown, .unassignedAddress, .tunnelDisabled, .noSuchTunnel, .portUnreachable,
            .sourceFailedPolicy:
            ICMPv6Message.MessageType.destinationUnreachable
        case .packetTooBig: ICMPv6Message.MessageType.packetTooBig
        case .hopLimitExceeded: ICMPv6Message.MessageType.timeExceeded
        case .erroneousField, .unrecognizedOption: ICMPv6Message.MessageType.parameterProblem
        }
    }

    var code: UInt8 {
        switch self {
        case .tunnelDown, .unassignedAddress, .packetTooBig, .hopLimitExceeded, .erroneousField: 0
        case .tunnelDisabled: 1
        case .unrecognizedOption: 2
        case .noSuchTunnel: 3
        case .portUnreachable: 4
        case .sourceFailedPolicy: 5
        }
    }

    /// The four octets after the checksum.
    var parameter: UInt32 {
        switch self {
        case .packetTooBig(let mtu): UInt32(clamping: mtu)
        case .erroneousField(let offset), .unrecognizedOption(let offset): UInt32(clamping: offset)
        default: 0
        }
    }

    /// What the packet counts as when the error is not sent.
    public var dropReason: DropReason {
        switch self {
        case .tunnelDown: .downTunnel
        case .unassignedAddress: .unassignedAddress
        case .tunnelDisabled: .disabledTunnel
        case .noSuchTunnel: .missingTunnel
        case .portUnreachable: .closedPort
        case .sourceFailedPolicy: .unassignedSource
        case .packetTooBig: .oversizedPacket
        case .hopLimitExceeded: .exhaustedHopLimit
        case .erroneousField, .unrecognizedOption: .badExtensionHeader
        }
    }
}
