internal import Foundation
internal import Wire

/// How a tunnel's user end is found and authenticated.
enum TunnelEnd: Hashable, Sendable {
    /// 6in4 or GRE from one address that never changes.
    case fixed(IPAddress)

    /// 6in4 whose endpoint comes from heartbeats.
    case heartbeat(Password)

    /// AYIYA.
    case ayiya(Password)

    var type: TunnelType {
        switch self {
        case .fixed: .static
        case .heartbeat: .heartbeat
        case .ayiya: .ayiya
        }
    }

    var endpoint: IPAddress? {
        if case .fixed(let address) = self { address } else { nil }
    }

    var password: Password? {
        switch self {
        case .fixed: nil
        case .heartbeat(let password), .ayiya(let password): password
        }
    }
}

/// The tunnel types that operators name.
enum TunnelType: String, CaseIterable, Sendable {
    case `static`
    case heartbeat
    case ayiya
}

/// A user's tunnel.
struct Tunnel: Hashable, Sendable {
    /// The fleet-wide number, never used twice.
    let number: TunnelNumber
    var popID: Int
    var tid: TID
    var end: TunnelEnd

    /// The inner MTU, in octets.
    var mtu: Int

    /// Whether the operators let it carry packets.
    var isEnabled: Bool

    /// Whether its owner lets it carry packets.
    var isUserEnabled = true

    /// Whose it is; nil for a tunnel without a registered user.
    var owner: UserHandle?
    let created: Date
    var changed: Date

    /// Whether it carries packets: both its owner and the operators want it to.
    var isUp: Bool { self.isEnabled && self.isUserEnabled }
}

/// A prefix delegated to a user through a tunnel.
struct Subnet: Hashable, Sendable {
    let prefix: IPv6Prefix
    let tunnel: TunnelNumber
}

/// The two ends of a tunnel inside, by the address plan.
struct InnerAddresses: Hashable, Sendable {
    /// The PoP's side, `<prefix>:<tid>::1`.
    let pop: IPv6Address

    /// The user's side, `<prefix>:<tid>::2`.
    let user: IPv6Address

    /// Derives the addresses from a PoP's tunnel prefix, a /48.
    init(tunnelPrefix: IPv6Prefix, tid: TID) {
        let high = tunnelPrefix.address.high | UInt64(tid.rawValue)
        self.pop = IPv6Address(high: high, low: 1)
        self.user = IPv6Address(high: high, low: 2)
    }
}
