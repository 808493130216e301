package import Foundation
package import Wire

/// What a daemon said of itself at one time; nil where that is unknown, or was not believed.
package struct PoPSample: Hashable, Sendable {
    package let time: Date

    /// 32 hexadecimal digits, new at each start of the daemon.
    let instance: String?
    package let version: String?

    /// Seconds since the daemon started.
    package let uptime: Int?

    /// By how much the daemon's clock is ahead of the centre's, in seconds.
    package let clockSkew: Int?
    package let generation: Int?
    package let digest: String?
    package let online: Int?
    package let active: Int?
    package let configured: Int?

    /// What all error counters of its tunnels said together.
    package let errors: Tally?
    package let rxPackets: Tally?
    package let rxBytes: Tally?
    package let txPackets: Tally?
    package let txBytes: Tally?

    /// How often the daemon put back something of its kernel's since its start.
    package let mended: Tally?

    /// What of its kernel is wrong and it can't put back, in its words.
    package let faults: [String]

    /// What was not believed, in words; nil when all was.
    package let doubts: String?
}
