/// What was learnt of the largest packet that the path to a tunnel's end takes.
struct PathMTU: Hashable, Sendable {
    /// After how long a larger size is tried again, in nanoseconds (RFC 1191 §6.3).
    static let lifetime = 600 * Timestamp.nanosecondsPerSecond

    /// Smallest MTU an IPv4 link may have, in octets (RFC 791).
    static let ipv4Minimum = 68

    /// Smallest MTU that an ICMPv4 error makes us send by, in octets: 512 of data, as much as every host takes (RFC 791), and
    /// headers.
    ///
    /// Where less is said, outer packets have DF clear, so that routers cut them if it is true.
    static let ipv4Floor = 552

    /// Size of the largest outer packet, its IP header included, in octets.
    var octets: UInt16

    /// Whether the path takes less than that, so that routers must be free to cut whatever comes.
    var isNarrower = false

    /// When it was learnt, in nanoseconds of the monotonic clock.
    var learntAt: UInt64

    /// Whether it is less than what is known.
    func isNews(after known: PathMTU?) -> Bool {
        guard let known else { return true }
        return self.octets < known.octets
            || self.octets == known.octets && self.isNarrower && !known.isNarrower
    }

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
