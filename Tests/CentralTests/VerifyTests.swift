import Foundation
import GRDB
import Logging
import Synchronization
import Testing

@testable import Central

@Suite("The registry's rules are asked again")
struct VerifyTests {
    /// What somebody did to the file without the schema, and the sentence that says so.
    static let damages = [
        (
            "UPDATE prefix SET lower = x'20010db8010100000000000000000001', text = '2001:db8:101::1' WHERE id = 2",
            "overlaps"
        ),
        ("UPDATE tunnel SET popID = 2 WHERE number = 1", "of T1 does not lie in a subnet prefix of its PoP"),
        ("DELETE FROM prefix WHERE id = 1", "T1 is at PoP 1, which has no tunnel prefix"),
        ("DELETE FROM tunnelNumber WHERE number = 2", "T2 is not in the list of numbers"),
        ("UPDATE tunnel SET owner = 'ghost' WHERE number = 2", "names a user that does not exist"),
        ("DELETE FROM tunnel WHERE number = 1", "names a tunnel that does not exist"),
        ("UPDATE tunnel SET password = NULL WHERE number = 1", "T1 is ayiya, and has no password"),
        ("UPDATE tunnel SET mtu = 9000 WHERE number = 1", "MTU 9000"),
        ("UPDATE pop SET ipv6 = 'ff02::1' WHERE id = 1", "has ff02::1, which is not the address of one host"),
        ("UPDATE pop SET ipv6 = '2001:db8:101:5::2' WHERE id = 1", "which lies in prefix 2001:db8:101::/48"),
        ("UPDATE tunnel SET endpoint = '192.0.2.1' WHERE type = 'static'", "the own address of PoP"),
        (
            "UPDATE tunnel SET endpoint = '192.0.2.010' WHERE type = 'static'",
            "ends at \"192.0.2.010\", which is not an address"
        ),
        (
            "UPDATE tunnel SET password = '<hidden>' WHERE number = 1",
            "T1 has a password that daemons refuse"
        ),
        ("UPDATE tunnel SET nameServers = 'a..b' WHERE number = 1", "T1 has name servers that are no names"),
        (
            "UPDATE pop SET sshHost = '192.0.2.010' WHERE id = 1",
            "the SSH host \"192.0.2.010\", which is neither"
        ),
    ]

    @Test(arguments: damages)
    func andNameWhatIsBroken(_ sql: String, _ sentence: String) async throws {
        let test = try await TestStore(Fixture.registry())
        #expect(try await test.store.registry.violations() == [])
        try await Self.bypass(test, sql)

        let violations = try await test.store.registry.violations()

        #expect(violations.contains { $0.contains(sentence) }, "\(violations)")
    }

    @Test func andStopPushesWhenOneIsBroken() async throws {
        let test = try await TestStore(Fixture.registry())
        try await Self.bypass(test, "UPDATE tunnel SET owner = 'ghost' WHERE number = 2")
        let connector = FakeConnector()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let round = Round(
            store: test.store.fleet,
            connector: connector,
            author: "t",
            reason: "t",
            logger: logger
        )

        let outcomes = try await round.run()

        #expect(outcomes.map(\.attempt.outcome) == [.stopped, .stopped])
        #expect(
            outcomes[0].attempt.detail.hasPrefix(
                "the database breaks 1 of its own rules, so nothing is pushed"
            )
        )
        #expect(connector.daemons.withLock { $0.values.map(\.pushes) } == [0, 0])
        // What daemons report is taken nevertheless.
        #expect(try await test.store.samples.latestSamples().count == 2)
    }

    @Test func andFindNoDamageInWholeFiles() async throws {
        #expect(try await TestStore(Fixture.registry()).store.upkeep.damage() == [])
    }

    /// Writes as a tool does that knows nothing of the schema.
    private static func bypass(_ test: TestStore, _ sql: String) async throws {
        try await test.store.registryFile.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
            for trigger in try String.fetchAll(
                database,
                sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
            ) {
                try database.execute(sql: "DROP TRIGGER \(trigger)")
            }
            try database.execute(sql: sql)
            try database.execute(sql: "PRAGMA ignore_check_constraints = OFF; PRAGMA foreign_keys = ON")
        }
    }
}
