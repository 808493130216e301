internal import Foundation
internal import Wire

/// What a daemon said of itself at one time; nil where that is unknown, or was not believed.
struct PoPSample: Hashable, Sendable {
    let time: Date

    /// 32 hexadecimal digits, new at each start of the daemon.
    let instance: String?
    let version: String?

    /// Seconds since the daemon started.
    let uptime: Int?

    /// By how much the daemon's clock is ahead of the centre's, in seconds.
    let clockSkew: Int?
    let generation: Int?
    let digest: String?
    let online: Int?
    let active: Int?
    let configured: Int?

    /// What all error counters of its tunnels said together.
    let errors: Tally?
    let rxPackets: Tally?
    let rxBytes: Tally?
    let txPackets: Tally?
    let txBytes: Tally?

    /// How often the daemon put back something of its kernel's since its start.
    let mended: Tally?

    /// What of its kernel is wrong and it can't put back, in its words.
    let faults: [String]

    /// What was not believed, in words; nil when all was.
    let doubts: String?
}
