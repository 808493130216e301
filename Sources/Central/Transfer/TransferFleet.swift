package import Wire

/// What a file has to say of the fleet: what is imported, before it is compared with the registry.
package struct TransferFleet {
    /// A value and where it stands.
    package struct Entry<Value> {
        package let value: Value
        package let place: TransferPlace
    }

    package var pops: [Entry<PoP>] = []
    package var prefixes: [Entry<Prefix>] = []
    package var users: [Entry<Account>] = []
    package var waves: Entry<WavePolicy>?
    package var tunnels: [TransferTunnel] = []

    /// What the file says and the registry does not keep.
    package var notes: [String] = []

    /// A prefix and whose it is.
    package struct Prefix: Hashable, Sendable {
        package let prefix: IPv6Prefix
        package let kind: PrefixKind
        package let pop: PoPName
    }

    /// A user and what is known of him.
    package struct Account: Hashable, Sendable {
        package let handle: UserHandle
        package let values: UserAmendment
    }
}

/// A tunnel as a file has it; nil where the file says nothing.
package struct TransferTunnel {
    package let place: TransferPlace
    package var number: TunnelNumber?
    package let pop: PoPName
    package var tid: TID?
    package var owner: TunnelAmendment.Owner?
    package let type: TunnelType
    package var endpoint: IPAddress?
    package var mtu: Int?
    package var isEnabled: Bool?
    package var isUserEnabled: Bool?

    /// Whether it carries packets, in a format that does not say who wants that.
    var isUp: Bool?
    package var password: Password?

    /// Whether it has a password that the file leaves out.
    var hidesPassword = false
    package var subnets: [TransferFleet.Entry<IPv6Prefix>] = []
    package var nameServers: [DomainName]?
    package var publishesEndpoint: Bool?
}
