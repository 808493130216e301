import Core
import FastPath
import LinuxIO
import Wire

/// Whether plain 6in4 and GRE are to be forwarded in the kernel.
enum FastPathMode: String, CaseIterable, Sendable {
    /// Never.
    case off
    /// Where the kernel can, and the process may.
    case auto
}

/// The fast path as it was opened at the start: there, not wanted, or not to be had.
enum FastPathOpening: Sendable {
    case off
    case failed(SystemCallError)
    case open(KernelForwarding, FastPathLinks)

    /// Opens it; to be called with `CAP_BPF` and `CAP_NET_ADMIN`, when the TUN device is up.
    init(_ mode: FastPathMode, tunName: String) {
        guard mode == .auto else {
            self = .off
            return
        }
        do throws(SystemCallError) {
            let device = try NetworkDevice(named: tunName)
            try FastPathPrograms.probe()
            let programs = try FastPathPrograms(asksForRoutes: true)
            // Only so is a device asked for the ways that lead elsewhere; it brings no IPv4.
            try Sysctl.set(.forwardsIPv4(on: device.name), to: "1")
            let forwarding = try KernelForwarding(programs.tables, device: device.index)
            self = .open(forwarding, try FastPathLinks(programs, device: device, forwarding.questions))
        } catch {
            self = .failed(error)
        }
    }

    /// What the engines are kept in step with; nil without a fast path.
    var forwarding: KernelForwarding? {
        switch self {
        case .open(let forwarding, _): forwarding
        case .off, .failed: nil
        }
    }

    /// How it is; nil where it is not wanted.
    var state: String? {
        switch self {
        case .off: nil
        case .failed(let error): "fast-path off: \(error)"
        case .open(_, let links): "fast-path on, links \(links.count)"
        }
    }

    /// What the kernel forwarded, and how it is; nothing where it is not wanted.
    var lines: [String] { (self.forwarding?.lines ?? []) + (self.state.map { [$0] } ?? []) }

    /// Whether a tunnel's plain packets are forwarded by the kernel, and why not.
    ///
    /// - Parameter obstacle: What is special about the tunnel; nil for nothing.
    /// - Returns: `yes`, or `no` and why.
    func text(_ obstacle: PlainTunnel.Obstacle?) -> String {
        switch self {
        case .off: "off"
        case .failed: "no, the kernel or the daemon's rights do not allow it (pop show threads)"
        case .open: obstacle.map { "no, \($0)" } ?? "yes"
        }
    }

    /// What a report says of it; nil where it is not wanted.
    var report: PoPReport.FastPath? {
        switch self {
        case .off: nil
        case .failed(let error): PoPReport.FastPath(state: "off", reason: "\(error)", forwarded: 0, lost: 0)
        case .open(let forwarding, _):
            PoPReport.FastPath(
                state: "on",
                reason: nil,
                forwarded: forwarding.packets.forwarded,
                lost: forwarding.packets.dropped
            )
        }
    }
}
