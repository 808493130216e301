internal import Foundation
internal import Wire

/// The rows of a registry inside one write transaction, as the rules see them.
///
/// A store gives them in the domain's words; which change is allowed, how it is refused and what stands in the audit is
/// decided by ``RegistryTransaction`` alone, whatever the rows are kept in. What is inserted may wait until somebody asks,
/// or until ``flush()``.
struct RegistryRows {
    let pops: any PoPRows
    let prefixes: any PrefixRows
    let tunnels: any TunnelRows
    let subnets: any SubnetRows
    let users: any UserRows
    let settings: any SettingRows
    let endpoints: any EndpointRows
    let accounts: any AccountRows

    /// Writes what waits, so that the store's own rules have looked at it.
    func flush() throws {
        try self.tunnels.flush()
        try self.subnets.flush()
        try self.settings.flush()
    }
}

/// Rows of PoPs.
protocol PoPRows {
    /// All, by id.
    func all() throws -> [PoP]
    func pop(named name: PoPName) throws -> PoP?
    func pop(_ id: Int) throws -> PoP?

    /// Another PoP that has the addresses or, under another name, the id of a PoP.
    func conflicting(with pop: PoP) throws -> PoP?

    /// The PoP whose own address it is.
    func name(ofPoPAt address: IPAddress) throws -> PoPName?

    /// What PoPs were called before, the newest last.
    func formerNames() throws -> [FormerName]
    func insert(_ former: FormerName) throws
    func insert(_ pop: PoP) throws
    func update(_ pop: PoP) throws
    func delete(_ pop: PoP) throws
}

/// Rows of the prefixes that are routed to PoPs.
protocol PrefixRows {
    func prefix(_ prefix: IPv6Prefix) throws -> RoutedPrefix?

    /// Those of a PoP, by address.
    func prefixes(of popID: Int, _ kind: PrefixKind) throws -> [RoutedPrefix]

    /// A prefix that shares addresses with another.
    func overlapping(_ prefix: IPv6Prefix) throws -> RoutedPrefix?
    func insert(_ prefix: RoutedPrefix) throws
    func delete(_ prefix: RoutedPrefix) throws
}

/// Rows of tunnels.
protocol TunnelRows {
    func tunnel(_ number: TunnelNumber) throws -> Tunnel?
    func count(ofPoP popID: Int) throws -> Int
    func count(of owner: UserHandle) throws -> Int

    /// The highest number that was ever given; 0 when none was.
    func highestNumber() throws -> Int64

    /// Whether a tunnel ever had the number.
    func wasGiven(_ number: TunnelNumber) throws -> Bool

    /// Every number that a tunnel ever had.
    func givenNumbers() throws -> Set<TunnelNumber>
    func tunnels(ofPoP popID: Int) throws -> [Tunnel]
    func tunnels(of owner: UserHandle) throws -> [Tunnel]

    /// The lowest tid of a PoP, from the one that is named on, that no tunnel has; it may be past the last there is.
    func lowestFreeTID(of popID: Int, from lowest: UInt16) throws -> UInt16

    /// The tunnel at a place of a PoP's tunnel prefix.
    func number(at popID: Int, tid: TID) throws -> TunnelNumber?

    /// The static tunnel of a PoP that ends at an address.
    func number(at popID: Int, endpoint: IPAddress) throws -> TunnelNumber?

    /// The lowest tunnel of the fleet that ends at an address.
    func lowestNumber(endingAt address: IPAddress) throws -> TunnelNumber?
    func insert(_ tunnel: Tunnel) throws

    /// Writes what was inserted and waits.
    func flush() throws
    func update(_ tunnel: Tunnel) throws
    func delete(_ tunnel: Tunnel) throws
}

/// Rows of the prefixes that are delegated through tunnels.
protocol SubnetRows {
    func subnet(_ prefix: IPv6Prefix) throws -> Subnet?
    func count(of tunnel: TunnelNumber) throws -> Int

    func prefixes(of tunnel: TunnelNumber) throws -> [IPv6Prefix]

    /// Those that lie in a subnet prefix.
    func prefixes(in source: IPv6Prefix) throws -> [IPv6Prefix]

    /// Inserts a subnet that lies in a subnet prefix.
    func insert(_ subnet: Subnet, in source: IPv6Prefix) throws

    /// Writes what was inserted and waits.
    func flush() throws
    func delete(_ subnet: Subnet) throws
}

/// Rows of users.
protocol UserRows {
    /// However the handle is spelt.
    func user(_ handle: UserHandle) throws -> User?
    func handles() throws -> [UserHandle]
    func insert(_ user: User) throws
    func update(_ user: User) throws
    func delete(_ user: User) throws
}

/// Rows of what users' routers want.
protocol EndpointRows {
    /// Those of a tunnel since a time, and the one that waits however old it is; the newest first.
    func requests(of tunnel: TunnelNumber, since time: Date) throws -> [EndpointRequest]

    /// Inserts one, which gets the next number.
    func insert(_ request: EndpointRequest) throws

    /// Marks the one of a tunnel that waits, if there is one, as superseded.
    func supersede(of tunnel: TunnelNumber) throws

    /// Removes the one of a tunnel that waits, if there is one.
    func removeWaiting(of tunnel: TunnelNumber) throws

    /// Removes old ones, a part of them when they are many.
    func forget(before time: Date) throws
}

/// Rows of what lets users in at the pages.
protocol AccountRows {
    /// However old it is.
    func link(_ token: SecretToken) throws -> AccountLink?
    func insert(_ link: AccountLink) throws
    func removeLinks(of user: UserHandle) throws
    func endSessions(of user: UserHandle) throws
}

/// The audit, and what is set for the whole fleet.
protocol SettingRows {
    /// Takes a line for the audit, which is written by ``flush()`` at the latest.
    func append(_ row: AuditRow) throws

    /// Writes what was taken.
    func flush() throws

    /// Removes the name and the mail address of a user who is there no more from the audit.
    func forgetPerson(_ handle: UserHandle) throws

    /// How changes go out; as the program would have it when nobody said otherwise.
    func waves() throws -> WavePolicy
    func set(_ waves: WavePolicy) throws
}

/// A line for the audit.
struct AuditRow {
    let time: Date
    let author: String
    let action: String
    let subject: String

    /// JSON; nil when the thing did not exist.
    let before: String?

    /// JSON; nil when the thing no longer exists.
    let after: String?

    /// The PoP whose configuration the change concerns: nil for all PoPs', 0 for none's.
    let popID: Int?
}
