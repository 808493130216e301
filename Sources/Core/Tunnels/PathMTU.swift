/// What was learnt of the largest packet that the path to a tunnel's end takes.
struct PathMTU: Hashable, Sendable {
    /// After how long a larger size is tried again, in nanoseconds (RFC 1191 §6.3).
    static let lifetime = 600 * Moment.nanosecondsPerSecond

    /// Smallest MTU an IPv4 link may have, in octets (RFC 791).
    static let ipv4Minimum = 68

    /// Size of the largest outer packet, its IP header included, in octets.
    var octets: UInt16

    /// When it was learnt, in nanoseconds of the monotonic clock.
    var learntAt: UInt64

    /// What is likely to fit when a router says only that a packet of a size did not (RFC 1191 §7.1).
    static func plateau(below length: Int) -> Int {
        switch length {
        case 8167...: 8166
        case 4353...: 4352
        case 2003...: 2002
        case 1493...: 1492
        case 1007...: 1006
        case 509...: 508
        case 297...: 296
        default: ipv4Minimum
        }
    }
}
