public import Wire

/// A configuration made ready for the engine, so that taking it over is quick.
///
/// Made on any thread; the engine takes it between two packets.
public struct EngineConfiguration: Sendable {
    /// What a configured tunnel is like.
    struct Row: Equatable, Sendable {
        var number: TunnelNumber
        var remote: RemoteEnd
        var isDisabled: Bool
        var mtu: UInt16
        var secret: AYIYASecret?
        var password: TunnelPassword?
        var retired: Retired?

        init(_ tunnel: TunnelSettings) {
            self.number = tunnel.number
            self.remote = tunnel.remote
            self.isDisabled = tunnel.state == .disabled
            self.mtu = UInt16(clamping: tunnel.mtu)
            self.secret = tunnel.password.map { AYIYASecret(password: $0) }
            self.password = tunnel.password
            self.retired = tunnel.retiredPassword.map(Retired.init)
        }

        /// Whether another configuration means the same tunnel, so that its counters go on.
        func isSameTunnel(as other: Row) -> Bool { self.number == other.number }

        /// Whether whoever opened a session under another configuration may keep it.
        ///
        /// - Parameters:
        ///   - other: The row of that configuration.
        ///   - secret: What the session's packets are signed with.
        /// - Returns: Whether it is still good here.
        func keepsSession(of other: Row, signedWith secret: AYIYASecret?) -> Bool {
            self.isDynamic == other.isDynamic && self.fixedRemote == other.fixedRemote
                && (self.secret == secret || self.retired?.secret == secret)
        }

        /// What heartbeats may be signed with.
        var heartbeat: HeartbeatPeerState {
            HeartbeatPeerState(
                password: self.password,
                retired: self.retired.map { ($0.password, $0.expiry) }
            )
        }

        var isDynamic: Bool {
            switch self.remote {
            case .dynamic: true
            case .fixed: false
            }
        }

        var fixedRemote: IPAddress? {
            switch self.remote {
            case .dynamic: nil
            case .fixed(let address): address
            }
        }
    }

    /// A password that another has replaced, in the forms that packets are checked with.
    struct Retired: Equatable, Sendable {
        var secret: AYIYASecret
        var password: TunnelPassword
        /// The first second in which it is good no more, in seconds since 1970.
        var expiry: Int64

        init(_ retired: RetiredPassword) {
            self.secret = AYIYASecret(password: retired.password)
            self.password = retired.password
            self.expiry = retired.expiry
        }
    }

    /// Tells one configuration from another that may say the same.
    private final class Identity: Sendable {}

    private let identity = Identity()
    /// The configuration that this one was compared with, and the tunnels that differ.
    private var comparison: (base: Identity, tids: [TID])?

    let plan: AddressPlan
    /// One a tid; nil for those that are not configured.
    let rows: [Row?]
    let ownDetails: PoPDetails?
    /// In nanoseconds.
    let beatTimeout: UInt64
    let icmpRate: ICMPRate
    let pathMTU: PathMTUMode
    let answersProtocolUnreachable: Bool
    /// The PoPs to probe, nothing measured yet.
    let otherPoPs: [PoPLatency]

    /// Makes a configuration ready that was checked (`Configuration/check()`).
    public init(_ configuration: Configuration) {
        var rows = [Row?](repeating: nil, count: TID.capacity)
        for tunnel in configuration.tunnels { rows[Int(tunnel.tid.rawValue)] = Row(tunnel) }
        self.init(configuration, rows)
    }

    /// Makes a configuration ready to take the place of another, which it is compared with beforehand.
    ///
    /// - Parameters:
    ///   - configuration: The new one, checked.
    ///   - old: The one in force.
    ///   - changes: The tunnels that differ between them, and no others.
    public init(
        _ configuration: Configuration,
        replacing old: EngineConfiguration,
        _ changes: [ConfigurationChange<TunnelSettings>]
    ) {
        var rows = old.rows
        let tids = changes.compactMap { $0.new?.tid ?? $0.old?.tid }
        for (tid, change) in zip(tids, changes) { rows[Int(tid.rawValue)] = change.new.map(Row.init) }
        self.init(configuration, rows)
        let keepsAddresses =
            old.ownDetails?.ipv4 == self.ownDetails?.ipv4 && old.ownDetails?.ipv6 == self.ownDetails?.ipv6
        if keepsAddresses { self.comparison = (old.identity, tids) }
    }

    private init(_ configuration: Configuration, _ rows: [Row?]) {
        self.plan = AddressPlan(configuration)
        self.rows = rows
        self.ownDetails = configuration.pop.ownDetails
        self.beatTimeout = UInt64(clamping: configuration.pop.beatTimeout) &* Timestamp.nanosecondsPerSecond
        self.icmpRate = configuration.pop.icmpRate
        self.pathMTU = configuration.pop.pathMTU
        self.answersProtocolUnreachable = configuration.pop.answersProtocolUnreachable
        let others = configuration.pop.pops.filter { $0.id != configuration.pop.id }
        self.otherPoPs = others.sorted { $0.id < $1.id }.map { PoPLatency(details: $0) }
    }

    /// The tunnels that differ from another configuration; nil when all must be looked at.
    func tunnelsThatDiffer(from old: EngineConfiguration) -> [TID]? {
        guard let comparison = self.comparison, comparison.base === old.identity else { return nil }
        return comparison.tids
    }
}
