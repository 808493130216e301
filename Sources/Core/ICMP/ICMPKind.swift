/// The kinds of messages of ours whose rates are limited apart: who brings about one kind takes nothing from those who wait
/// for another.
enum ICMPKind: Int, CaseIterable {
    /// ICMPv6 destination unreachable.
    case unreachable
    /// ICMPv6 packet too big, without which a sender's large packets vanish.
    case packetTooBig
    /// ICMPv6 time exceeded.
    case timeExceeded
    /// ICMPv6 parameter problem.
    case parameterProblem
    /// ICMPv4 protocol unreachable.
    case protocolUnreachable
    /// Packets that show whether a path is as narrow as is said of it.
    case pathProbe
}

extension ICMPv6Error {
    /// Which limits the error counts for.
    var kind: ICMPKind {
        switch self {
        case .tunnelDown, .unassignedAddress, .tunnelDisabled, .noSuchTunnel, .portUnreachable,
            .sourceFailedPolicy:
            .unreachable
        case .packetTooBig: .packetTooBig
        case .hopLimitExceeded: .timeExceeded
        case .erroneousField, .unrecognizedOption: .parameterProblem
        }
    }
}
