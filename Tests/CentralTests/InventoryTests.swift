import Foundation
import Testing
import Wire

@testable import Central

@Suite("The inventory")
struct InventoryTests {
    private static let good = """
        id: 1
        name: chtst01
        city: Teststadt
        country: CH
        ipv4: 192.0.2.1
        ipv6: 2001:db8::1
        ssh:
          host: mgmt.example.net
          port: 2222
        prefixes:
          tunnel: 2001:db8:101::/48
          subnets:
            - 2001:db8:1000::/40
        """

    private static func read(
        _ pop: String,
        fleet: String? = nil,
        others: [String: String] = [:]
    ) throws -> (Inventory, TemporaryFolder) {
        let folder = try TemporaryFolder()
        try folder.write(pop, to: "pops/chtst01.yaml")
        if let fleet { try folder.write(fleet, to: "fleet.yaml") }
        for (name, text) in others { try folder.write(text, to: name) }
        return (try InventoryReader(folder: folder.path).read(), folder)
    }

    @Test func readsAPoPWithDefaults() throws {
        let fleet = """
            defaults:
              ssh:
                user: tunnel
                port: 22
                key: keys/central
              mtu: 1420
            """

        let (inventory, folder) = try Self.read(Self.good, fleet: fleet)

        let entry = try #require(inventory.pops.first)
        #expect(entry.pop.name == (try Fixture.name()))
        #expect(entry.pop.ssh.host == "mgmt.example.net")
        #expect(entry.pop.ssh.port == 2222)
        #expect(entry.pop.ssh.user == "tunnel")
        #expect(entry.pop.ssh.keyFile == folder.path("keys/central"))
        #expect(entry.pop.tunnelMTU == 1420)
        #expect(entry.pop.control == PoPDefaults().control)
        #expect(entry.prefixes.map(\.kind) == [.tunnel, .subnet])
    }

    @Test func ofTheRepositoryIsGood() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("inventory").path

        let inventory = try InventoryReader(folder: folder).read()

        #expect(inventory.pops.map(\.pop.name.description) == ["chtst01", "detst01", "nltst01"])
    }

    /// A line of the good file, what is written instead, and what is said about it.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let old: String
        let new: String
        let message: String

        init(_ description: String, _ old: String, _ new: String, _ message: String) {
            self.testDescription = description
            self.old = old
            self.new = new
            self.message = message
        }
    }

    // swift-format-ignore
    static let mistakes = [
        Mistake("IPv4 of 256", "192.0.2.1", "192.0.2.256", "pops/chtst01.yaml:5:7: ipv4: expected an IPv4 address, found \"192.0.2.256\""),
        Mistake("IPv6 without colons", "2001:db8::1", "none", "pops/chtst01.yaml:6:7: ipv6: expected an IPv6 address, found \"none\""),
        Mistake("IPv4 of nobody", "192.0.2.1", "0.0.0.0", "pops/chtst01.yaml:5:7: ipv4: expected the address of one host"),
        Mistake("IPv4 of a group", "192.0.2.1", "224.0.0.1", "pops/chtst01.yaml:5:7: ipv4: expected the address of one host"),
        Mistake("IPv6 of all nodes", "2001:db8::1", "ff02::1", "pops/chtst01.yaml:6:7: ipv6: expected the address of one host"),
        Mistake("IPv6 of one link", "2001:db8::1", "fe80::1", "pops/chtst01.yaml:6:7: ipv6: expected the address of one host"),
        Mistake("IPv6 in a prefix of its own", "2001:db8::1", "2001:db8:101:5::2", "pops/chtst01.yaml:6:7: ipv6: expected an address outside the fleet's prefixes, found 2001:db8:101:5::2, which lies in 2001:db8:101::/48"),
        Mistake("prefix of groups", "2001:db8:1000::/40", "ff00::/40", "prefixes.subnets: expected a prefix of unicast addresses that can be routed, found \"ff00::/40\""),
        Mistake("id 4096", "id: 1", "id: 4096", "pops/chtst01.yaml:1:5: id: expected a PoP id from 1 to 4095, found \"4096\""),
        Mistake("id missing", "id: 1\n", "", "pops/chtst01.yaml:1:1: id: expected a PoP id from 1 to 4095, found no such key"),
        Mistake("unknown key", "city:", "town:", "pops/chtst01.yaml:3:1: expected one of the keys id, name, city, country, ipv4, ipv6, ssh, control, mtu, enabled, poll, canary, prefixes, found \"town\""),
        Mistake("unknown key inside", "port: 2222", "prot: 2222", "pops/chtst01.yaml:9:3: ssh: expected one of the keys host, user, port, key, found \"prot\""),
        Mistake("port 0", "2222", "0", "pops/chtst01.yaml:9:9: ssh.port: expected a port from 1 to 65535, found \"0\""),
        Mistake("country in small letters", "CH", "ch", "pops/chtst01.yaml:4:10: country: expected two capital letters such as CH, found \"ch\""),
        Mistake("name of another file", "name: chtst01", "name: nltst01", "pops/chtst01.yaml:2:7: name: expected the name of the file, chtst01.yaml, found \"nltst01\""),
        Mistake("tunnel prefix of another length", "2001:db8:101::/48", "2001:db8:100::/40", "pops/chtst01.yaml:11:11: prefixes.tunnel: expected a tunnel prefix, a /48, found \"2001:db8:100::/40\""),
        Mistake("prefix with bits too many", "2001:db8:1000::/40", "2001:db8:1001::/40", "pops/chtst01.yaml:13:7: prefixes.subnets: expected a prefix without bits beyond its length, 2001:db8:1000::/40, found \"2001:db8:1001::/40\""),
        Mistake("prefixes that overlap", "2001:db8:1000::/40", "2001:db8:101::/48", "pops/chtst01.yaml:13:7: prefixes: expected a prefix that overlaps no other, found 2001:db8:101::/48, with 2001:db8:101::/48 at "),
        Mistake("poll every second", "city: Teststadt", "poll: 1", "pops/chtst01.yaml:3:7: poll: expected a poll interval in seconds from 60 to 86400, found \"1\""),
        Mistake("subnets that are no list", "\n    - 2001:db8:1000::/40", " 2001:db8:1000::/40", "pops/chtst01.yaml:12:12: prefixes.subnets: expected a list, found \"2001:db8:1000::/40\""),
        Mistake("ssh that is no mapping", "ssh:\n  host: mgmt.example.net\n  port: 2222", "ssh: root@host", "pops/chtst01.yaml:7:6: ssh: expected a mapping with the keys host, user, port, key, found \"root@host\""),
        Mistake("a key twice", "city: Teststadt", "city: Teststadt\ncity: Anderswo", "expected every key once, found city twice"),
        Mistake("no YAML", "country: CH", "country: [CH", "pops/chtst01.yaml:5:5: expected well-formed YAML, found a mistake: did not find expected ',' or ']'"),
        Mistake("a tab", "  port: 2222", "\tport: 2222", "pops/chtst01.yaml:9:1: expected well-formed YAML, found a mistake: "),
        Mistake("an empty value", "ipv4: 192.0.2.1", "ipv4:", "ipv4: expected an IPv4 address, found nothing"),
        Mistake("enabled as a word", "city: Teststadt", "enabled: maybe", "pops/chtst01.yaml:3:10: enabled: expected true or false, found \"maybe\""),
    ]

    @Test(arguments: mistakes)
    func saysWhereAMistakeIs(_ mistake: Mistake) throws {
        let text = Self.good.replacing(mistake.old, with: mistake.new)
        try #require(text != Self.good)

        let error = #expect(throws: InventoryError.self) { _ = try Self.read(text) }

        let description = try #require(error?.description)
        #expect(description.contains(mistake.message), "\(description)")
    }

    @Test func namesEveryMistakeAtOnce() throws {
        let text = Self.good.replacing("192.0.2.1", with: "x").replacing("2222", with: "y")

        let error = #expect(throws: InventoryError.self) { _ = try Self.read(text) }

        #expect(error?.problems.count == 2)
    }

    @Test func refusesWhatTwoPoPsCannotBothHave() throws {
        let other = Self.good.replacing("chtst01", with: "nltst01")

        let error = #expect(throws: InventoryError.self) {
            _ = try Self.read(Self.good, others: ["pops/nltst01.yaml": other])
        }

        #expect(Set(try #require(error).problems.compactMap(\.key)) == ["id", "ipv4", "ipv6", "prefixes"])
    }

    @Test func refusesStrayFiles() throws {
        let error = #expect(throws: InventoryError.self) {
            _ = try Self.read(Self.good, others: ["pops/nltst01.yml": ""])
        }

        #expect(
            error?.description.contains("expected a file named <PoP>.yaml, found \"nltst01.yml\"") == true
        )
    }

    @Test func isAppliedOnce() async throws {
        let (inventory, _) = try Self.read(Self.good)
        let test = try await TestStore()

        let first = try InventoryPlan(from: try await test.store.registry.snapshot(of: .fleet), to: inventory)
        try await test.store.registry.apply(first.steps.map(\.change), by: "tester")
        let second = try InventoryPlan(
            from: try await test.store.registry.snapshot(of: .fleet),
            to: inventory
        )

        #expect(
            first.steps.map(\.line) == [
                "add pop chtst01: id 1, 192.0.2.1, 2001:db8::1",
                "add prefix 2001:db8:101::/48 to chtst01, for tunnels",
                "add prefix 2001:db8:1000::/40 to chtst01, for subnets",
            ]
        )
        #expect(second.steps.isEmpty)
    }

    @Test func changesOnlyWhatDiffers() async throws {
        let test = try await TestStore()
        let (before, _) = try Self.read(Self.good)
        let plan = try InventoryPlan(from: try await test.store.registry.snapshot(of: .fleet), to: before)
        try await test.store.registry.apply(plan.steps.map(\.change), by: "tester")
        try await test.store.registry.apply([.addPoP(Fixture.pop(9, "detst01"))], by: "tester")
        let (after, _) = try Self.read(
            Self.good.replacing("2222", with: "22").replacing("  host: mgmt.example.net\n", with: "")
                .replacing("2001:db8:1000::/40", with: "2001:db8:2000::/40")
        )

        let change = try InventoryPlan(from: try await test.store.registry.snapshot(of: .fleet), to: after)
        try await test.store.registry.apply(change.steps.map(\.change), by: "tester")

        #expect(
            change.steps.map(\.line) == [
                "remove prefix 2001:db8:1000::/40 of chtst01, for subnets",
                "change pop chtst01: ssh.host mgmt.example.net -> none, ssh.port 2222 -> 22",
                "add prefix 2001:db8:2000::/40 to chtst01, for subnets",
            ]
        )
        #expect(change.strangers.map(\.description) == ["detst01"])
        let snapshot = try await test.store.registry.snapshot(of: .fleet)
        #expect(snapshot.pop(named: try Fixture.name())?.ssh.host == nil)
        #expect(snapshot.pops.count == 2)
    }

    @Test func keepsTheTrustedHostKey() async throws {
        let test = try await TestStore()
        let (inventory, _) = try Self.read(Self.good)
        let plan = try InventoryPlan(from: try await test.store.registry.snapshot(of: .fleet), to: inventory)
        try await test.store.registry.apply(plan.steps.map(\.change), by: "tester")
        let key = try HostKey(parsing: Fixture.publicKey)
        try await test.store.registry.apply(
            [.amendPoP(Fixture.name(), PoPAmendment(hostKey: key))],
            by: "tester"
        )

        let again = try InventoryPlan(from: try await test.store.registry.snapshot(of: .fleet), to: inventory)

        #expect(again.steps.isEmpty)
    }

    @Test func refusesToRenumberAPoP() async throws {
        let test = try await TestStore()
        try await test.store.registry.apply([.addPoP(Fixture.pop(7))], by: "tester")
        let (inventory, _) = try Self.read(Self.good)
        let snapshot = try await test.store.registry.snapshot(of: .fleet)

        let error = #expect(throws: RegistryError.self) {
            _ = try InventoryPlan(from: snapshot, to: inventory)
        }

        #expect(
            error?.description.hasPrefix("chtst01 has id 7 in the database and 1 in the inventory") == true
        )
    }
}
