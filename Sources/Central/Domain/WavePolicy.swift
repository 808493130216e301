internal import Foundation

/// How a change goes out to the fleet, and when it is stopped.
///
/// PoPs whose configuration changes are pushed to in waves: the canaries, then a share of the others, then
/// the rest. After a push the daemon is watched for a while before the push is confirmed.
package struct WavePolicy: Codable, Hashable, Sendable {
    /// The share, in percent, of the PoPs that are no canaries that the second wave has; 0 for no second wave.
    package var share = 0

    /// How long a daemon is watched before a change is confirmed, in seconds.
    var settle = 0

    /// The most tunnels, in percent of those that were up and stay enabled, that may go down.
    var tunnelDrop = 20

    /// How many more errors than usual may be counted while a daemon is watched.
    var errorJump = 1000

    /// After how long, in seconds, a daemon takes a push back that nobody confirmed.
    package var confirm = 120

    static let shares = 0...100
    static let settles = 0...3600
    static let errorJumps = 1...1_000_000_000
    package static let confirms = 10...3600

    /// How long the centre has for confirming once a daemon has been watched, in seconds.
    static let confirmMargin = 10
}

extension WavePolicy {
    /// Every value with the range that it has.
    private static var ranges:
        [(key: CodingKeys, path: WritableKeyPath<WavePolicy, Int>, range: ClosedRange<Int>)]
    {
        [
            (.share, \.share, Self.shares), (.settle, \.settle, Self.settles),
            (.tunnelDrop, \.tunnelDrop, Self.shares), (.errorJump, \.errorJump, Self.errorJumps),
            (.confirm, \.confirm, Self.confirms),
        ]
    }

    /// - Throws: `DecodingError` for a value that is missing or out of its range.
    package init(from decoder: any Decoder) throws {
        self.init()
        let container = try decoder.container(keyedBy: CodingKeys.self)
        for (key, path, range) in Self.ranges {
            let value = try container.decode(Int.self, forKey: key)
            guard range.contains(value) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key,
                    in: container,
                    debugDescription: "\(value), which is not in \(range.lowerBound) to \(range.upperBound)"
                )
            }
            self[keyPath: path] = value
        }
    }

    /// What a registry holds, to which values of any size may have come.
    init(clamping values: [String: Int]) {
        self.init()
        for (key, path, range) in Self.ranges {
            guard let value = values[key.stringValue] else { continue }
            self[keyPath: path] = min(max(value, range.lowerBound), range.upperBound)
        }
    }
}

/// The order in which PoPs get a change.
package enum Wave: String, CaseIterable, Comparable, Sendable {
    case canary
    case share
    case all

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.order < rhs.order }

    private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
