import Core
import Wire

/// How the tunnel reaches the PoP.
enum TunnelProtocol: Sendable {
    /// The MTU that PoPs give their tunnels unless they are told another: each path that carries IPv6 leaves it.
    static let usualMTU = 1280

    /// Signed UDP datagrams.
    case ayiya(AYIYASecret)
    /// Protocol 41, the endpoint told by signed heartbeats; the password signs them.
    case heartbeat(password: TunnelPassword)
    /// Protocol 41 from a fixed endpoint.
    case sixInFour

    /// Signed UDP datagrams of who has a password.
    static func signed(by password: TunnelPassword) -> Self { .ayiya(AYIYASecret(password: password)) }

    /// Octets in front of an inner packet that this program writes itself.
    var headroom: Int {
        switch self {
        case .ayiya: AYIYAEncapsulator.headerLength
        case .heartbeat, .sixInFour: 0
        }
    }

    /// The PoP's UDP port; nil without UDP.
    var port: UInt16? {
        switch self {
        case .ayiya: OuterPayload.ayiya.localPort
        case .heartbeat: OuterPayload.heartbeat.localPort
        case .sixInFour: nil
        }
    }

    /// Whether inner packets come bare, so that the receiving link may have merged them (GRO).
    var isBare: Bool {
        switch self {
        case .ayiya: false
        case .heartbeat, .sixInFour: true
        }
    }

    /// Whether it can reach a PoP at an address: heartbeats name IPv4 addresses alone, and their packets follow them.
    func canReach(_ pop: IPAddress) -> Bool {
        switch (self, pop) {
        case (.ayiya, _), (.sixInFour, _), (.heartbeat, .ipv4): true
        case (.heartbeat, .ipv6): false
        }
    }

    /// As the command line names it.
    var name: String {
        switch self {
        case .ayiya: "ayiya"
        case .heartbeat: "heartbeat"
        case .sixInFour: "6in4"
        }
    }
}

/// What a session is told once.
struct SessionSettings: Sendable {
    /// The user's address inside the tunnel, `::2` of its /64.
    let identity: IPv6Address

    /// How the tunnel reaches the PoP.
    let encapsulation: TunnelProtocol

    /// Time between beats.
    let beatInterval: Duration

    /// The PoP's address inside the tunnel, `::1` of the same /64.
    var popIdentity: IPv6Address { IPv6Address(high: self.identity.high, low: 1) }
}
