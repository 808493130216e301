internal import Wire

/// Compares a file with the registry, thing by thing.
struct ImportPlanner {
    var changes: [RegistryChange] = []
    var unchanged = 0

    let present: NumberedSnapshot
    let problems: TransferProblems
    let names: [Int: PoPName]
    var pops: Set<PoPName>
    let users: [UserHandle: User]
    var newUsers: Set<UserHandle> = []
    var prefixes: [TransferFleet.Prefix]
    let tunnels: [TunnelNumber: Tunnel]

    /// The highest number that was given, to whatever tunnel.
    var highestNumber: UInt32

    /// Which tunnel has what at which PoP.
    var takenTIDs: [Place<TID>: TunnelNumber] = [:]
    var takenEndpoints: [Place<IPAddress>: TunnelNumber] = [:]
    var takenSubnets: [IPv6Prefix: TunnelNumber]
    var newNumbers: [TunnelNumber: TransferPlace] = [:]

    /// Where in the file the tunnels stand that get a number here, of which the reader knows nothing yet.
    var claimants: [TunnelNumber: TransferPlace] = [:]

    /// Where no tunnel of the file can end.
    var fleetAddresses = FleetAddresses(pops: [], prefixes: [])

    /// The tunnels of the file that have a number, in its order.
    var numbers: [TunnelNumber?] = []

    struct Place<Value: Hashable>: Hashable {
        let pop: PoPName
        let value: Value
    }

    init(_ present: NumberedSnapshot, _ problems: TransferProblems) {
        let snapshot = present.snapshot
        self.present = present
        self.problems = problems
        let names = Dictionary(uniqueKeysWithValues: snapshot.pops.map { ($0.id, $0.name) })
        self.names = names
        self.pops = Set(snapshot.pops.map(\.name))
        self.users = Dictionary(uniqueKeysWithValues: snapshot.users.map { ($0.handle, $0) })
        self.prefixes = snapshot.prefixes.compactMap { routed in
            names[routed.popID].map {
                TransferFleet.Prefix(prefix: routed.prefix, kind: routed.kind, pop: $0)
            }
        }
        self.tunnels = Dictionary(uniqueKeysWithValues: snapshot.tunnels.map { ($0.number, $0) })
        self.takenSubnets = Dictionary(
            uniqueKeysWithValues: snapshot.subnets.map { ($0.prefix, $0.tunnel) }
        )
        self.highestNumber = present.numbers.max()?.rawValue ?? 0
        for tunnel in snapshot.tunnels {
            guard let pop = names[tunnel.popID] else { continue }
            self.takenTIDs[Place(pop: pop, value: tunnel.tid)] = tunnel.number
            if let endpoint = tunnel.end.endpoint {
                self.takenEndpoints[Place(pop: pop, value: endpoint)] = tunnel.number
            }
        }
    }
}
