internal import Foundation
internal import Wire

/// Which tunnel of a PoP has what.
struct TakenPlaces {
    private var tids: [TID: TunnelNumber] = [:]
    private var endpoints: [IPAddress: TunnelNumber] = [:]

    init(_ tunnels: [Tunnel]) {
        for tunnel in tunnels { self.insert(tunnel) }
    }

    mutating func insert(_ tunnel: Tunnel) {
        self.tids[tunnel.tid] = tunnel.number
        if let endpoint = tunnel.end.endpoint { self.endpoints[endpoint] = tunnel.number }
    }

    /// The lowest tid, from the one that is named on, that no tunnel has; it may be past the last there is.
    func lowestFreeTID(from lowest: UInt16) -> UInt16 {
        var tid = lowest
        while let taken = TID(rawValue: tid), self.tids[taken] != nil { tid += 1 }
        return tid
    }

    func number(at tid: TID) -> TunnelNumber? { self.tids[tid] }

    func number(at endpoint: IPAddress) -> TunnelNumber? { self.endpoints[endpoint] }
}

/// Which PoP has which own address.
struct PoPAddresses {
    private let names: [IPAddress: PoPName]

    init(_ pops: [PoP]) {
        let addresses = pops.flatMap { pop in
            [(IPAddress.ipv4(pop.ipv4), pop.name), (IPAddress.ipv6(pop.ipv6), pop.name)]
        }
        self.names = Dictionary(addresses) { first, _ in first }
    }

    func name(at address: IPAddress) -> PoPName? { self.names[address] }
}

/// What a transaction has read already, so that many changes of one kind cost the same each.
///
/// Everything but additions of tunnels, subnets and users makes it forget all, once it is done.
final class TransactionMemory {
    /// Of the audit's documents.
    let encoder = JSONText.compactEncoder()
    private(set) var pops: [PoPName: PoP] = [:]
    private var popsByID: [Int: PoP] = [:]

    /// PoPs that have a tunnel prefix.
    var popsWithTunnelPrefix: Set<Int> = []

    /// By handle, as the registry spells it.
    private var owners: [UserHandle: UserHandle] = [:]

    /// Those of them who are suspended.
    private var suspended: Set<UserHandle> = []

    /// Tunnels that were added.
    private var added: [TunnelNumber: Tunnel] = [:]

    /// What tunnels have, by PoP id, where many are added.
    var places: [Int: TakenPlaces] = [:]

    /// The PoPs' own addresses, where many tunnels are added.
    var popAddresses: PoPAddresses?

    /// Every number that was ever given, where many tunnels are added.
    var numbers: Set<TunnelNumber>?

    /// The highest number that was ever given.
    var highestNumber: Int64?

    /// By PoP id; all tids below are taken.
    var lowestTID: [Int: UInt16] = [:]

    /// By PoP id.
    var subnetPrefixes: [Int: [IPv6Prefix]] = [:]

    /// By the subnet prefix that they lie in.
    var takenSubnets: [IPv6Prefix: Set<IPv6Prefix>] = [:]

    func forget() {
        self.pops = [:]
        self.popsByID = [:]
        self.popsWithTunnelPrefix = []
        self.owners = [:]
        self.suspended = []
        self.added = [:]
        self.places = [:]
        self.popAddresses = nil
        self.numbers = nil
        self.highestNumber = nil
        self.lowestTID = [:]
        self.subnetPrefixes = [:]
        self.takenSubnets = [:]
    }

    func remember(_ pop: PoP) {
        self.pops[pop.name] = pop
        self.popsByID[pop.id] = pop
    }

    func pop(_ id: Int) -> PoP? { self.popsByID[id] }

    func remember(_ tunnel: Tunnel) {
        self.added[tunnel.number] = tunnel
        self.numbers?.insert(tunnel.number)
        self.highestNumber = self.highestNumber.map { max($0, Int64(tunnel.number.rawValue)) }
        self.places[tunnel.popID]?.insert(tunnel)
    }

    func tunnel(_ number: TunnelNumber) -> Tunnel? { self.added[number] }

    func remember(_ user: User, as asked: UserHandle) {
        self.owners[asked] = user.handle
        if user.suspension != nil { self.suspended.insert(user.handle) }
    }

    /// Whether somebody is suspended who was remembered.
    func isSuspended(_ owner: UserHandle) -> Bool { self.suspended.contains(owner) }

    func owner(_ handle: UserHandle) -> UserHandle? { self.owners[handle] }
}
