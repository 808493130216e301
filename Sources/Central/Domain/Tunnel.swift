package import Foundation
package import Wire

/// How a tunnel's user end is found and authenticated.
package enum TunnelEnd: Hashable, Sendable {
    /// 6in4 or GRE from one address that never changes.
    case fixed(IPAddress)

    /// 6in4 whose endpoint comes from heartbeats.
    case heartbeat(Password)

    /// AYIYA.
    case ayiya(Password)

    package var type: TunnelType {
        switch self {
        case .fixed: .static
        case .heartbeat: .heartbeat
        case .ayiya: .ayiya
        }
    }

    package var endpoint: IPAddress? {
        if case .fixed(let address) = self { address } else { nil }
    }

    package var password: Password? {
        switch self {
        case .fixed: nil
        case .heartbeat(let password), .ayiya(let password): password
        }
    }
}

extension TunnelEnd {
    /// What does not fit together.
    package enum Mismatch: Error, Hashable, Sendable, CustomStringConvertible {
        case staticWithoutEndpoint
        case staticWithPassword

        /// The type is that of a tunnel whose endpoint comes from its packets.
        case endpoint(TunnelType)

        /// A sentence for whoever asked.
        package var description: String {
            switch self {
            case .staticWithoutEndpoint: "a static tunnel has a fixed endpoint"
            case .staticWithPassword: "a static tunnel has no password"
            case .endpoint(let type):
                "the endpoint of a tunnel of type \(type.rawValue) comes from its packets"
            }
        }
    }

    /// What does not fit together of what a new tunnel is to have; nil when all does.
    package static func mismatch(
        _ type: TunnelType,
        hasEndpoint: Bool,
        hasPassword: Bool
    ) -> Mismatch? {
        switch type {
        case .static where !hasEndpoint: .staticWithoutEndpoint
        case .static where hasPassword: .staticWithPassword
        case .heartbeat where hasEndpoint, .ayiya where hasEndpoint: .endpoint(type)
        case .static, .heartbeat, .ayiya: nil
        }
    }

    /// The end of a new tunnel; one that needs a password and brings none gets a random one.
    ///
    /// - Throws: ``Mismatch``.
    init(type: TunnelType, endpoint: IPAddress?, password: Password?) throws(Mismatch) {
        let mismatch = Self.mismatch(type, hasEndpoint: endpoint != nil, hasPassword: password != nil)
        if let mismatch { throw mismatch }
        switch (type, endpoint) {
        case (.static, let endpoint?): self = .fixed(endpoint)
        case (.static, nil): throw .staticWithoutEndpoint
        case (.heartbeat, _): self = .heartbeat(password ?? .random())
        case (.ayiya, _): self = .ayiya(password ?? .random())
        }
    }
}

/// The tunnel types that operators name.
package enum TunnelType: String, CaseIterable, Sendable {
    case `static`
    case heartbeat
    case ayiya
}

/// A user's tunnel.
package struct Tunnel: Hashable, Sendable {
    /// The fleet-wide number, never used twice.
    package let number: TunnelNumber
    package var popID: Int
    package var tid: TID
    package var end: TunnelEnd

    /// The inner MTU, in octets.
    package var mtu: Int

    /// Whether the operators let it carry packets.
    package var isEnabled: Bool

    /// Whether its owner lets it carry packets.
    package var isUserEnabled = true

    /// Whose it is; nil for a tunnel without a registered user.
    package var owner: UserHandle?

    /// The password before the present one, while it is good too; nil on static tunnels.
    package var oldPassword: OldPassword?

    /// The name servers that its user runs for the addresses that are delegated through it, in the order in which he gave them.
    package var nameServers: [DomainName] = []

    /// Whether its user wants the DNS to tell where it ends, which is where a home is.
    package var publishesEndpoint = false

    /// With what its user's router tells where it ends; nil when none may.
    package var updateKey: UpdateKey?

    /// With what a client logs in for this tunnel alone; nil when none may.
    package var ticSecret: PasswordHash?
    package let created: Date
    package var changed: Date

    /// Whether it carries packets: both its owner and the operators want it to.
    var isUp: Bool { self.isEnabled && self.isUserEnabled }
}

/// A password that another has replaced, and that is good until a time nevertheless: its user can change it when he has time.
package struct OldPassword: Hashable, Sendable {
    package let password: Password

    /// When it is good no more, in whole seconds.
    package let end: Date

    /// How long an old password may be kept, in seconds.
    package static let spans = 1...90 * 86_400

    package init(_ password: Password, until end: Date) {
        self.password = password
        self.end = Date(timeIntervalSince1970: end.timeIntervalSince1970.rounded(.down))
    }
}

/// A prefix delegated to a user through a tunnel.
package struct Subnet: Hashable, Sendable {
    package let prefix: IPv6Prefix
    package let tunnel: TunnelNumber
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
