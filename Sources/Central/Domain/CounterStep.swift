package import Foundation
package import Wire

/// What was counted for a tunnel or a PoP until the last report of a step; only ever grows.
package struct CounterStep: Hashable, Sendable {
    /// When the step begins.
    package let time: Date

    /// How many reports came.
    package let reports: Int

    /// In how many of them a tunnel was up; of a PoP, how many tunnels were, at most.
    package let up: Int

    /// From the user, or to the uplink.
    package let inPackets: Tally
    package let inBytes: Tally

    /// To the user, or from the uplink.
    package let outPackets: Tally
    package let outBytes: Tally

    /// Latency probes; none for a PoP.
    var sent = Tally.zero
    var received = Tally.zero

    /// The sum of all round trips, in microseconds.
    package var latency = Tally.zero
    package var shortest: Double?
    package var longest: Double?
}
