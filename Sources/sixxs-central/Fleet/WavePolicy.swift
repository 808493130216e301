internal import Foundation

/// How a change goes out to the fleet, and when it is stopped.
///
/// PoPs whose configuration changes are pushed to in waves: the canaries, then a share of the others, then
/// the rest. After a push the daemon is watched for a while before the push is confirmed.
struct WavePolicy: Codable, Hashable, Sendable {
    /// The share, in percent, of the PoPs that are no canaries that the second wave has; 0 for no second wave.
    var share = 0

    /// How long a daemon is watched before a change is confirmed, in seconds.
    var settle = 0

    /// The most tunnels, in percent of those that were up and stay enabled, that may go down.
    var tunnelDrop = 20

    /// How many more errors than usual may be counted while a daemon is watched.
    var errorJump = 1000

    /// After how long, in seconds, a daemon takes a push back that nobody confirmed.
    var confirm = 120

    static let shares = 0...100
    static let settles = 0...3600
    static let errorJumps = 1...1_000_000_000
    static let confirms = 10...3600

    /// How long the centre has for confirming once a daemon has been watched, in seconds.
    static let confirmMargin = 10
}

/// The order in which PoPs get a change.
enum Wave: String, CaseIterable, Comparable, Sendable {
    case canary
    case share
    case all

    static func < (lhs: Self, rhs: Self) -> Bool { lhs.order < rhs.order }

    private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
