import Foundation
import GRDB
import Testing
import Wire

@testable import Central

/// The rules of the registry stand above the rows, so that every store refuses the same with the same words.
@Suite("Rules of the registry") struct RuleTests {
    /// Numbers that are the same in every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return self.state >> 11 ^ self.state
        }
    }

    /// Changes at random, of which many break a rule; the same on a database and on rows in memory.
    ///
    /// The database's schema has the last word, but must never have to say it: its sentences are shorter.
    @Test(arguments: 1...4) func areTheSameForEveryStore(_ seed: UInt64) async throws {
        var generator = Generator(state: seed)
        let time = Date(timeIntervalSince1970: 1_800_000_000)
        let folder = try TemporaryFolder()
        let store = try SQLiteStore(path: folder.path("central.db"), now: { time })
        let rows = MemoryRows()
        var refusals: Set<String> = []
        var count = 0
        for _ in 0..<600 {
            let change = try Self.change(&generator)
            let expected = rows.outcome(of: change, by: "tester", at: time)
            let found = await Self.outcome(of: change, in: store)
            guard found == expected else {
                Issue.record(
                    "\(Self.words(change)): the database \(Self.words(found)), the rules \(Self.words(expected))"
                )
                return
            }
            if case .failure(let error) = found { refusals.insert(Self.kind(of: error)) } else { count += 1 }
        }
        #expect(count > 60, "enough of them are made")
        #expect(refusals.count > 12, "and enough rules are broken: \(refusals)")
        let audit = try await store.registry.changes(since: 0)
        #expect(audit.map(\.subject) == rows.state.audit.map(\.subject))
        #expect(audit.map(\.after) == rows.state.audit.map(\.after))
        #expect(audit.map(\.before) == rows.state.audit.map(\.before))
        #expect(try await store.registry.violations() == [])
    }

    /// A change reads what it changes; the next one in the same transaction must see what it made of it.
    @Test func seeWhatTheChangeBeforeMade() async throws {
        let test = try await TestStore(Fixture.registry())
        let (old, new) = (try Fixture.name(), try Fixture.name("detst01"))
        func add(_ pop: PoPName) -> RegistryChange { .addTunnel(NewTunnel(pop: pop, end: .ayiya(.random()))) }

        let results = try await test.store.registry.apply(
            [.amendPoP(old, PoPAmendment(tunnelMTU: 1400)), add(old)],
            by: "tester"
        )
        guard case .tunnel(let tunnel)? = results.last else { throw CancellationError() }
        #expect(tunnel.mtu == 1400)

        await #expect(throws: RegistryError.self) {
            try await test.store.registry.apply([.renamePoP(old, new), add(old)], by: "tester")
        }
        try await test.store.registry.apply([.renamePoP(old, new), add(new)], by: "tester")
        #expect(try await test.store.registry.snapshot(of: .fleet).pop(named: new)?.tunnelMTU == 1400)
    }

    private static func outcome(
        of change: RegistryChange,
        in store: SQLiteStore
    ) async -> Result<RegistryResult, RegistryError> {
        do {
            let results = try await store.registry.apply([change], by: "tester")
            return .success(results[0])
        } catch let error as RegistryError {
            return .failure(error)
        } catch {
            return .failure(.unusable("\(error)"))
        }
    }

    private static func words(_ value: some Any) -> String { String("\(value)".prefix(200)) }

    /// A sentence without what it is about.
    private static func kind(of error: RegistryError) -> String {
        error.description.split(separator: " ").filter { word in
            !word.contains { $0.isNumber || $0 == ":" }
        }.joined(separator: " ")
    }

    private static let names = ["chtst01", "nltst01", "detst01"]
    private static let handles = ["anna", "ANNA", "bert", "carl"]
    private static let endpoints = [
        "192.0.2.1", "192.0.2.9", "198.51.100.7", "198.51.100.8", "2001:db8:101::5", "2001:db8:9999::1",
        "224.0.0.1",
    ]
    private static let prefixes = [
        "2001:db8:101::/48", "2001:db8:102::/48", "2001:db8:1000::/40", "2001:db8:1100::/48",
        "2001:db8:103::/48",
        "fe80::/48", "2001:db8::/48", "2001:db8:1000::/48",
    ]
    private static let subnets = [
        "2001:db8:1001::/48", "2001:db8:1100:100::/56", "2001:db8:1100::/48", "2001:db8:101:100::/56",
    ]

    private static func change(_ generator: inout Generator) throws -> RegistryChange {
        func pick<Value>(_ values: [Value]) -> Value {
            values[Int.random(in: 0..<values.count, using: &generator)]
        }
        let name = try Fixture.name(pick(self.names))
        let number = try Fixture.number(UInt32.random(in: 1...20, using: &generator))
        let prefix = try Fixture.prefix(pick(self.prefixes))
        let handle = try UserHandle(parsing: pick(self.handles))
        let endpoint = try IPAddress(parsing: pick(self.endpoints))
        let tid: TID? = pick([nil, nil, TID(rawValue: 0), TID(rawValue: 1), TID(rawValue: 9)])
        switch Int.random(in: 0..<27, using: &generator) {
        case 0, 1: return .addPoP(try Fixture.pop(Int.random(in: 1...3, using: &generator), name.description))
        case 2: return .amendPoP(name, PoPAmendment(ipv4: IPv4Address(192, 0, 2, pick([1, 2, 9]))))
        case 3: return .removePoP(name)
        case 4, 5, 6: return .addPrefix(prefix, pick([.tunnel, .subnet]), name)
        case 7: return .removePrefix(prefix)
        case 8, 9, 10, 11:
            let end = pick([TunnelEnd.fixed(endpoint), .ayiya(try Password(parsing: "geheim"))])
            let own: TunnelNumber? = pick([nil, nil, nil, number])
            let owner: UserHandle? = pick([nil, handle])
            return .addTunnel(NewTunnel(pop: name, end: end, tid: tid, owner: owner, number: own))
        case 12: return .amendTunnel(number, TunnelAmendment(type: pick([nil, .static]), endpoint: endpoint))
        case 13: return .amendTunnel(number, TunnelAmendment(owner: pick([.user(handle), .nobody])))
        case 14:
            return .amendTunnel(
                number,
                TunnelAmendment(mtu: pick([1280, 1480]), isEnabled: pick([true, false]))
            )
        case 15: return .removeTunnel(number)
        case 16: return .moveTunnel(number, name, tid)
        case 17, 18: return .addSubnet(pick([nil, try Fixture.prefix(pick(self.subnets))]), number)
        case 19: return .removeSubnet(try Fixture.prefix(pick(self.subnets)))
        case 20: return .addUser(handle, UserAmendment(name: "N", mail: "a@b", password: nil))
        case 21: return .amendUser(handle, UserAmendment(name: pick(["N", "M"])))
        case 22: return .removeUser(handle)
        case 23: return .suspendUser(handle)
        case 24: return .resumeUser(handle)
        case 25: return pick([.endSessions(handle), .amendUser(handle, UserAmendment(role: .operator))])
        default: return .setWaves(WavePolicy(share: pick([0, 10])))
        }
    }
}

/// Rows in memory: what a store must be able to do, and no more.
private final class MemoryRows: PoPRows, PrefixRows, TunnelRows, SubnetRows, UserRows, SettingRows,
    EndpointRows, AccountRows
{
    struct State {
        var pops: [PoP] = []
        var formerNames: [FormerName] = []
        var prefixes: [RoutedPrefix] = []
        var tunnels: [Tunnel] = []
        var numbers: Set<TunnelNumber> = []
        var subnets: [(subnet: Subnet, source: IPv6Prefix)] = []
        var users: [User] = []
        var waves = WavePolicy()
        var audit: [AuditRow] = []
        var requests: [EndpointRequest] = []
    }

    var state = State()

    /// Makes a change, or leaves everything as it was.
    func outcome(
        of change: RegistryChange,
        by author: String,
        at time: Date
    ) -> Result<RegistryResult, RegistryError> {
        let before = self.state
        let rows = RegistryRows(
            pops: self,
            prefixes: self,
            tunnels: self,
            subnets: self,
            users: self,
            settings: self,
            endpoints: self,
            accounts: self
        )
        do {
            let transaction = RegistryTransaction(rows: rows, author: author, time: time)
            return .success(try transaction.make([change])[0])
        } catch {
            self.state = before
            return .failure(error as? RegistryError ?? .unusable("\(error)"))
        }
    }

    func all() -> [PoP] { self.state.pops.sorted { $0.id < $1.id } }
    func pop(named name: PoPName) -> PoP? { self.state.pops.first { $0.name == name } }
    func formerNames() -> [FormerName] { self.state.formerNames }
    func insert(_ former: FormerName) { self.state.formerNames.append(former) }
    func pop(_ id: Int) -> PoP? { self.state.pops.first { $0.id == id } }
    func conflicting(with pop: PoP) -> PoP? {
        self.all().first { other in
            other.id == pop.id ? other.name != pop.name : other.ipv4 == pop.ipv4 || other.ipv6 == pop.ipv6
        }
    }
    func name(ofPoPAt address: IPAddress) -> PoPName? {
        self.all().first { .ipv4($0.ipv4) == address || .ipv6($0.ipv6) == address }?.name
    }
    func insert(_ pop: PoP) { self.state.pops.append(pop) }
    func update(_ pop: PoP) { self.state.pops = self.state.pops.map { $0.id == pop.id ? pop : $0 } }
    func delete(_ pop: PoP) { self.state.pops.removeAll { $0.id == pop.id } }

    func prefix(_ prefix: IPv6Prefix) -> RoutedPrefix? { self.state.prefixes.first { $0.prefix == prefix } }
    func prefixes(of popID: Int, _ kind: PrefixKind) -> [RoutedPrefix] {
        self.state.prefixes.filter { $0.popID == popID && $0.kind == kind }.sorted {
            $0.prefix.address < $1.prefix.address
        }
    }
    func overlapping(_ prefix: IPv6Prefix) -> RoutedPrefix? {
        self.state.prefixes.filter { $0.prefix.contains(prefix) || prefix.contains($0.prefix) }.max {
            $0.prefix.address < $1.prefix.address
        }
    }
    func insert(_ prefix: RoutedPrefix) { self.state.prefixes.append(prefix) }
    func delete(_ prefix: RoutedPrefix) { self.state.prefixes.removeAll { $0 == prefix } }

    func tunnel(_ number: TunnelNumber) -> Tunnel? { self.state.tunnels.first { $0.number == number } }
    func count(ofPoP popID: Int) -> Int { self.state.tunnels.count { $0.popID == popID } }
    func count(of owner: UserHandle) -> Int { self.state.tunnels.count { $0.owner == owner } }
    func highestNumber() -> Int64 { Int64(self.state.numbers.max()?.rawValue ?? 0) }
    func wasGiven(_ number: TunnelNumber) -> Bool { self.state.numbers.contains(number) }
    func givenNumbers() -> Set<TunnelNumber> { self.state.numbers }
    func tunnels(ofPoP popID: Int) -> [Tunnel] { self.state.tunnels.filter { $0.popID == popID } }
    func tunnels(of owner: UserHandle) -> [Tunnel] {
        self.state.tunnels.filter { $0.owner == owner }.sorted { $0.number < $1.number }
    }
    func lowestFreeTID(of popID: Int, from lowest: UInt16) -> UInt16 {
        let taken = Set(self.state.tunnels.filter { $0.popID == popID }.map(\.tid.rawValue))
        return (lowest...UInt16.max).first { !taken.contains($0) } ?? .max
    }
    func number(at popID: Int, tid: TID) -> TunnelNumber? {
        self.state.tunnels.first { $0.popID == popID && $0.tid == tid }?.number
    }
    func number(at popID: Int, endpoint: IPAddress) -> TunnelNumber? {
        self.state.tunnels.first { $0.popID == popID && $0.end.endpoint == endpoint }?.number
    }
    func lowestNumber(endingAt address: IPAddress) -> TunnelNumber? {
        self.state.tunnels.filter { $0.end.endpoint == address }.map(\.number).min()
    }
    func insert(_ tunnel: Tunnel) {
        self.state.tunnels.append(tunnel)
        self.state.numbers.insert(tunnel.number)
    }
    func update(_ tunnel: Tunnel) {
        self.state.tunnels = self.state.tunnels.map { $0.number == tunnel.number ? tunnel : $0 }
    }
    func delete(_ tunnel: Tunnel) { self.state.tunnels.removeAll { $0.number == tunnel.number } }

    func subnet(_ prefix: IPv6Prefix) -> Subnet? {
        self.state.subnets.first { $0.subnet.prefix == prefix }?.subnet
    }
    func count(of tunnel: TunnelNumber) -> Int { self.state.subnets.count { $0.subnet.tunnel == tunnel } }
    func prefixes(of tunnel: TunnelNumber) -> [IPv6Prefix] {
        self.state.subnets.map(\.subnet).filter { $0.tunnel == tunnel }.map(\.prefix).sorted()
    }
    func prefixes(in source: IPv6Prefix) -> [IPv6Prefix] {
        self.state.subnets.filter { $0.source == source }.map(\.subnet.prefix)
    }
    func insert(_ subnet: Subnet, in source: IPv6Prefix) { self.state.subnets.append((subnet, source)) }
    func delete(_ subnet: Subnet) { self.state.subnets.removeAll { $0.subnet == subnet } }

    func requests(of tunnel: TunnelNumber, since time: Date) -> [EndpointRequest] {
        self.state.requests.reversed().filter { $0.tunnel == tunnel && $0.time >= time }
    }
    func insert(_ request: EndpointRequest) { self.state.requests.append(request) }
    func supersede(of tunnel: TunnelNumber) {}
    func removeWaiting(of tunnel: TunnelNumber) {}
    func forget(before time: Date) { self.state.requests.removeAll { $0.time < time } }

    func handles() -> [UserHandle] { self.state.users.map(\.handle) }
    func user(_ handle: UserHandle) -> User? { self.state.users.first { $0.handle == handle } }
    func insert(_ user: User) { self.state.users.append(user) }
    func update(_ user: User) {
        self.state.users = self.state.users.map { $0.handle == user.handle ? user : $0 }
    }
    func delete(_ user: User) { self.state.users.removeAll { $0.handle == user.handle } }

    func link(_ token: SecretToken) -> AccountLink? { nil }
    func insert(_ link: AccountLink) {}
    func removeLinks(of user: UserHandle) {}
    func endSessions(of user: UserHandle) {}

    func forgetPerson(_ handle: UserHandle) {}
    func append(_ row: AuditRow) { self.state.audit.append(row) }
    func flush() {}
    func waves() -> WavePolicy { self.state.waves }
    func set(_ waves: WavePolicy) { self.state.waves = waves }
}
