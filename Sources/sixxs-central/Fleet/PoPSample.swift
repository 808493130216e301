internal import Foundation

/// What a daemon said of itself at one time.
struct PoPSample: Hashable, Sendable {
    let time: Date

    /// 32 hexadecimal digits, new at each start of the daemon.
    let instance: String
    let version: String

    /// Seconds since the daemon started.
    let uptime: Int
    let generation: Int?
    let digest: String?
    let online: Int
    let active: Int
    let configured: Int
    let rxPackets: Int64
    let rxBytes: Int64
    let txPackets: Int64
    let txBytes: Int64
}
