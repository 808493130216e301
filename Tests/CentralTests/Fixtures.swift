import Foundation
import Wire

@testable import Central

/// Values that many tests need.
enum Fixture {
    /// A key that nobody uses, and what `ssh-keygen -l` says of it.
    static let publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIlKwNl1VcvACIHHgTZcT1JB+nwK7BhFZ0XB4S8l760g"
    static let fingerprint = "SHA256:sr3bxWDxwzl+uHFSS+wBE4RXt3upvaegu7P60rgDphk"

    static func pop(_ id: Int = 1, _ name: String = "chtst01") throws -> PoP {
        PoP(
            id: id,
            name: try PoPName(parsing: name),
            city: "Teststadt",
            country: "CH",
            ipv4: IPv4Address(192, 0, 2, UInt8(id)),
            ipv6: try IPv6Address(parsing: "2001:db8::\(id)"),
            ssh: SSHAccount(port: 22, user: "sixxs", keyFile: "/var/lib/sixxs/key"),
            control: try Endpoint(parsing: "127.0.0.1:42003"),
            tunnelMTU: 1280,
            isEnabled: true
        )
    }

    static func name(_ text: String = "chtst01") throws -> PoPName { try PoPName(parsing: text) }

    static func prefix(_ text: String) throws -> IPv6Prefix { try IPv6Prefix(parsing: text) }

    static func number(_ number: UInt32) throws -> TunnelNumber { try TunnelNumber(parsing: "T\(number)") }

    /// Two PoPs with prefixes, and at the first T1 (ayiya, with a subnet) and T2 (static).
    static func registry() throws -> [RegistryChange] {
        let first = try Self.name()
        let second = try Self.name("nltst01")
        return [
            .addPoP(try Self.pop()),
            .addPoP(try Self.pop(2, "nltst01")),
            .addPrefix(try Self.prefix("2001:db8:101::/48"), .tunnel, first),
            .addPrefix(try Self.prefix("2001:db8:1000::/40"), .subnet, first),
            .addPrefix(try Self.prefix("2001:db8:201::/48"), .subnet, first),
            .addPrefix(try Self.prefix("2001:db8:102::/48"), .tunnel, second),
            .addTunnel(NewTunnel(pop: first, end: .ayiya(try Password(parsing: "geheim")), mtu: 1428)),
            .addTunnel(NewTunnel(pop: first, end: .fixed(.ipv4(IPv4Address(198, 51, 100, 7))), mtu: 1480)),
            .addSubnet(nil, try Self.number(1)),
        ]
    }
}

extension Centre {
    /// A centre on a store, with daemons that answer from a script.
    init(_ test: TestStore, _ connector: FakeConnector = FakeConnector()) {
        self.init(store: test.store.fleet, connector: connector, author: "tester")
    }
}

/// A store in a folder of its own.
struct TestStore {
    let folder: TemporaryFolder
    let store: SQLiteStore

    init(_ changes: [RegistryChange] = [], now: @escaping @Sendable () -> Date = { Date() }) async throws {
        self.folder = try TemporaryFolder()
        self.store = try SQLiteStore(path: self.folder.path("central.db"), now: now)
        try await self.store.registry.apply(changes, by: "tester")
    }
}
