internal import Wire

/// What a file has to say of the fleet: what is imported, before it is compared with the registry.
struct TransferFleet {
    /// A value and where it stands.
    struct Entry<Value> {
        let value: Value
        let place: TransferPlace
    }

    var pops: [Entry<PoP>] = []
    var prefixes: [Entry<Prefix>] = []
    var users: [Entry<Account>] = []
    var waves: Entry<WavePolicy>?
    var tunnels: [TransferTunnel] = []

    /// What the file says and the registry does not keep.
    var notes: [String] = []

    /// A prefix and whose it is.
    struct Prefix: Hashable, Sendable {
        let prefix: IPv6Prefix
        let kind: PrefixKind
        let pop: PoPName
    }

    /// A user and what is known of him.
    struct Account: Hashable, Sendable {
        let handle: UserHandle
        let values: UserAmendment
    }
}

/// A tunnel as a file has it; nil where the file says nothing.
struct TransferTunnel {
    let place: TransferPlace
    var number: TunnelNumber?
    let pop: PoPName
    var tid: TID?
    var owner: TunnelAmendment.Owner?
    let type: TunnelType
    var endpoint: IPAddress?
    var mtu: Int?
    var isEnabled: Bool?
    var isUserEnabled: Bool?

    /// Whether it carries packets, in a format that does not say who wants that.
    var isUp: Bool?
    var password: Password?

    /// Whether it has a password that the file leaves out.
    var hidesPassword = false
    var subnets: [TransferFleet.Entry<IPv6Prefix>] = []
}
