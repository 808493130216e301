/// One `tunnel set config` line of `sixxsd.conf`.
public struct TunnelSettings: Hashable, Sendable {
    /// The MTUs a tunnel can have, in octets.
    public static let mtus = 1280...1480

    /// The tunnel's number at this PoP.
    public var tid: TID

    /// The tunnel's number in the fleet.
    public var number: TunnelNumber

    /// Where the user's end is.
    public var remote: RemoteEnd

    /// Whether the tunnel may carry packets.
    public var state: AdministrativeState

    /// Size of the largest inner packet, in octets.
    public var mtu: Int

    /// What beats and AYIYA packets are signed with; a dynamic tunnel must have one.
    public var password: TunnelPassword?

    /// What they may be signed with for a while too, so that a password can be changed without a flag day.
    public var retiredPassword: RetiredPassword?

    /// Creates the settings of a tunnel.
    public init(
        tid: TID,
        number: TunnelNumber,
        remote: RemoteEnd,
        state: AdministrativeState,
        mtu: Int,
        password: TunnelPassword? = nil,
        retiredPassword: RetiredPassword? = nil
    ) {
        self.tid = tid
        self.number = number
        self.remote = remote
        self.state = state
        self.mtu = mtu
        self.password = password
        self.retiredPassword = retiredPassword
    }
}

/// A password that another has replaced, and that is good until a time nevertheless.
public struct RetiredPassword: Hashable, Sendable {
    /// The password.
    public var password: TunnelPassword

    /// The first second in which it is good no more, in seconds since 1970.
    public var expiry: Int64

    /// Creates a password that is on its way out.
    public init(_ password: TunnelPassword, until expiry: Int64) {
        self.password = password
        self.expiry = expiry
    }
}

extension TunnelSettings: CustomStringConvertible, CustomReflectable {
    /// The line of `sixxsd.conf`, with `set` in the password's place.
    public var description: String { self.line(passwords: .hidden) }

    /// The line, without the password: a dump shows no secret.
    public var customMirror: Mirror { Mirror(self, children: ["line": self.description]) }
}

/// Where a tunnel's remote end is.
public enum RemoteEnd: Hashable, Sendable {
    /// At an address that doesn't change; 6in4 or GRE.
    case fixed(IPAddress)

    /// Wherever authenticated packets come from.
    case dynamic(DynamicType)
}

/// What a dynamic tunnel is called in the configuration; all three accept the same packets.
public enum DynamicType: String, Hashable, Sendable, CaseIterable {
    case ayiya
    case heartbeat
    case dynamic
}

/// Whether the operator lets a tunnel carry packets.
public enum AdministrativeState: String, Hashable, Sendable, CaseIterable {
    case up
    case disabled
}
