import Foundation
import Streams
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("Exporting")
struct ExportTests {
    /// Numbers that are the same in every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return self.state >> 11 ^ self.state
        }
    }

    /// Changes that make a registry of a few PoPs, users, tunnels and subnets of all kinds.
    private static func registry(_ generator: inout Generator) throws -> [RegistryChange] {
        var changes: [RegistryChange] = []
        let users = try (1...3).map { try UserHandle(parsing: "user\($0).x-\($0)") }
        for user in users {
            let hash = Bool.random(using: &generator) ? PasswordHash(of: .random()) : nil
            changes.append(
                .addUser(user, UserAmendment(name: "Ümläut, \"\(user)\"", mail: "a@b", password: hash))
            )
        }
        changes.append(.setWaves(WavePolicy(share: Int.random(in: 0...100, using: &generator), settle: 7)))
        var number: UInt32 = 0
        for id in 1...3 {
            var pop = try Fixture.pop(id, "chtst0\(id)")
            pop.ssh.host = Bool.random(using: &generator) ? "mgmt\(id).example.net" : nil
            pop.hostKey = Bool.random(using: &generator) ? try HostKey(parsing: Fixture.publicKey) : nil
            pop.isCanary = Bool.random(using: &generator)
            pop.pollInterval = Int.random(in: 60...86400, using: &generator)
            changes.append(.addPoP(pop))
            changes.append(.addPrefix(try Fixture.prefix("2001:db8:10\(id)::/48"), .tunnel, pop.name))
            changes.append(.addPrefix(try Fixture.prefix("2001:db8:\(id)000::/40"), .subnet, pop.name))
            for index in 0..<Int.random(in: 0...20, using: &generator) {
                number += UInt32.random(in: 1...3, using: &generator)
                changes += try Self.tunnel(number, index, at: pop, users, &generator)
            }
        }
        return changes
    }

    private static func tunnel(
        _ number: UInt32,
        _ index: Int,
        at pop: PoP,
        _ users: [UserHandle],
        _ generator: inout Generator
    ) throws -> [RegistryChange] {
        let given = try Fixture.number(number)
        let password = try Password(
            parsing: ["a,b", "\"q\"", "geheim\(number)", "ä;'"].randomElement(using: &generator) ?? "x"
        )
        let ends: [TunnelEnd] = [
            .ayiya(password), .heartbeat(password), .fixed(.ipv4(IPv4Address(198, 51, 100, UInt8(index)))),
            .fixed(try IPAddress(parsing: "2001:db8:ffff::\(index + 1)")),
        ]
        var new = NewTunnel(
            pop: pop.name,
            end: ends.randomElement(using: &generator) ?? ends[0],
            mtu: Int.random(in: PoP.mtus, using: &generator),
            tid: TID(rawValue: UInt16(index * 37)),
            isEnabled: Bool.random(using: &generator),
            isUserEnabled: Bool.random(using: &generator),
            owner: Bool.random(using: &generator) ? users.randomElement(using: &generator) : nil,
            number: given
        )
        new.nameServers = try (0..<Int.random(in: 0...2, using: &generator)).map {
            try DomainName(parsing: "ns\($0).example.net")
        }
        new.publishesEndpoint = Bool.random(using: &generator)
        let subnets = (0..<Int.random(in: 0...2, using: &generator)).map { _ in
            RegistryChange.addSubnet(nil, given)
        }
        return [.addTunnel(new)] + subnets
    }

    /// Without what an import cannot know: when things were made.
    private static func comparable(_ snapshot: FleetSnapshot) -> FleetSnapshot {
        let epoch = Date(timeIntervalSince1970: 0)
        return FleetSnapshot(
            revision: 0,
            pops: snapshot.pops,
            prefixes: snapshot.prefixes,
            tunnels: snapshot.tunnels.map { tunnel in
                Tunnel(
                    number: tunnel.number,
                    popID: tunnel.popID,
                    tid: tunnel.tid,
                    end: tunnel.end,
                    mtu: tunnel.mtu,
                    isEnabled: tunnel.isEnabled,
                    isUserEnabled: tunnel.isUserEnabled,
                    owner: tunnel.owner,
                    nameServers: tunnel.nameServers,
                    publishesEndpoint: tunnel.publishesEndpoint,
                    created: epoch,
                    changed: epoch
                )
            },
            subnets: snapshot.subnets,
            users: snapshot.users.map { user in
                User(
                    handle: user.handle,
                    name: user.name,
                    mail: user.mail,
                    password: user.password,
                    created: epoch,
                    changed: epoch
                )
            },
            waves: snapshot.waves
        )
    }

    private static func importing(_ fleet: TransferFleet, into store: SQLiteStore) async throws {
        let plan = try ImportPlan(
            fleet,
            into: try await store.registry.numberedSnapshot(),
            passwords: .refuse
        )
        try await store.registry.apply(plan.changes, by: "importer")
    }

    @Test(arguments: 1...8)
    func givesAnEqualRegistry(_ seed: UInt64) async throws {
        var generator = Generator(state: seed)
        let source = try await TestStore(Self.registry(&generator))
        let target = try await TestStore()
        let snapshot = try await source.store.registry.snapshot(of: .fleet)

        let text = try JSONText.pretty(TransferDocument(snapshot, only: nil, secrets: .written)).description
        try await Self.importing(TransferFleet(json: Array(text.utf8), file: "x.json"), into: target.store)

        #expect(
            try await Self.comparable(target.store.registry.snapshot(of: .fleet)) == Self.comparable(snapshot)
        )
    }

    @Test(arguments: 1...8)
    func givesEqualTunnelsAsCSV(_ seed: UInt64) async throws {
        var generator = Generator(state: seed)
        let changes = try Self.registry(&generator)
        let source = try await TestStore(changes)
        let infrastructure = changes.filter { change in
            switch change {
            case .addTunnel, .addSubnet: false
            default: true
            }
        }
        let target = try await TestStore(infrastructure)
        let snapshot = try await source.store.registry.snapshot(of: .fleet)

        let text = TransferDocument(snapshot, only: nil, secrets: .written).csv
        try await Self.importing(TransferFleet(csv: Array(text.utf8), file: "x.csv"), into: target.store)

        #expect(
            try await Self.comparable(target.store.registry.snapshot(of: .fleet)).tunnels
                == Self.comparable(snapshot).tunnels
        )
        #expect(try await target.store.registry.snapshot(of: .fleet).subnets == snapshot.subnets)
    }

    @Test func tellsNoSecretsUnlessTold() async throws {
        var changes = try Fixture.registry()
        let user = try UserHandle(parsing: "jdoe")
        let hash = PasswordHash(of: try Password(parsing: "geheim"))
        changes.append(.addUser(user, UserAmendment(password: hash)))
        let test = try await TestStore(changes)
        let snapshot = try await test.store.registry.snapshot(of: .fleet)

        let hidden = TransferDocument(snapshot, only: nil, secrets: .hidden)

        let text = try JSONText.pretty(hidden).description + hidden.csv
        #expect(!text.contains("geheim") && !text.contains(hash.md5) && !text.contains(hash.sha256))
        try await Self.importing(TransferFleet(csv: Array(hidden.csv.utf8), file: "x.csv"), into: test.store)
        #expect(try await test.store.registry.snapshot(of: .fleet) == snapshot)
    }

    @Test func takesOnePoPWithItsUsers() async throws {
        var generator = Generator(state: 3)
        let test = try await TestStore(Self.registry(&generator))
        let name = try Fixture.name("chtst02")
        var snapshot = try await test.store.registry.snapshot(of: .pop(name))
        snapshot.users = try await test.store.registry.snapshot(of: .users).users

        let document = TransferDocument(snapshot, only: name, secrets: .hidden)

        #expect(document.pops.map(\.name) == ["chtst02"])
        #expect(document.prefixes.count == 2)
        #expect(document.tunnels.allSatisfy { $0.pop == "chtst02" })
        #expect(Set(document.users.map(\.handle)) == Set(document.tunnels.compactMap(\.owner)))
    }
}
