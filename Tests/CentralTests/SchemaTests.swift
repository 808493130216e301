import GRDB
import Testing

@testable import Central

@Suite("The schema refuses")
struct SchemaTests {
    /// A statement that breaks one rule, and the words that say which.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sql: String
        let message: String

        init(_ description: String, _ sql: String, _ message: String) {
            self.testDescription = description
            self.sql = sql
            self.message = message
        }
    }

    private static func pop(_ column: String, _ value: String) -> String {
        "UPDATE pop SET \(column) = \(value) WHERE id = 1"
    }

    private static func prefix(
        _ text: String,
        _ kind: String,
        _ length: Int,
        _ lower: String,
        _ upper: String
    ) -> String {
        """
        INSERT INTO prefix (popID, kind, text, length, lower, upper)
        VALUES (2, '\(kind)', '\(text)', \(length), x'\(lower)', x'\(upper)')
        """
    }

    private static func tunnel(_ values: String) -> String {
        """
        INSERT INTO tunnel (number, popID, tid, type, endpoint, mtu, password, enabled, created, changed)
        VALUES (\(values), 1, 0, 0)
        """
    }

    private static func user(_ handle: String) -> String {
        """
        INSERT INTO user (handle, name, mail, created, changed) VALUES (\(handle), '', '', 0, 0)
        """
    }

    private static func subnet(
        _ tunnel: Int,
        _ prefix: Int,
        _ length: Int,
        _ lower: String,
        _ upper: String
    ) -> String {
        """
        INSERT INTO subnet (tunnel, prefixID, text, length, lower, upper)
        VALUES (\(tunnel), \(prefix), 'new', \(length), x'\(lower)', x'\(upper)')
        """
    }

    private static let zeros = String(repeating: "0", count: 32)

    // swift-format-ignore
    static let cases = [
        Case("PoP id 0", pop("id", "0"), "a PoP id is a number from 1 to 4095"),
        Case("PoP id 4096", pop("id", "4096"), "a PoP id is a number from 1 to 4095"),
        Case("PoP id of another", "INSERT INTO pop SELECT 2, 'detst01', '', '', '9.9.9.9', '::9', NULL, 22, 'a', '/a', NULL, '1:1', 1280, 1, 0, 600", "another PoP has that id"),
        Case("PoP name of another", pop("name", "'nltst01'"), "another PoP has that name"),
        Case("PoP name in capitals", pop("name", "'CHTST01'"), "five lower-case letters and two digits"),
        Case("PoP name too short", pop("name", "'chtst1'"), "five lower-case letters and two digits"),
        Case("PoP name too long", pop("name", "'chtst011'"), "five lower-case letters and two digits"),
        Case("IPv4 of another", pop("ipv4", "'192.0.2.2'"), "another PoP has that IPv4 address"),
        Case("IPv6 of another", pop("ipv6", "'2001:db8::2'"), "another PoP has that IPv6 address"),
        Case("no IPv4", pop("ipv4", "'::1'"), "a PoP has an IPv4 address"),
        Case("IPv4 of nobody", pop("ipv4", "'0.0.0.0'"), "addresses of one host"),
        Case("IPv4 loopback", pop("ipv4", "'127.0.0.1'"), "addresses of one host"),
        Case("IPv4 of a group", pop("ipv4", "'224.0.0.5'"), "addresses of one host"),
        Case("IPv4 of everybody", pop("ipv4", "'255.255.255.255'"), "addresses of one host"),
        Case("IPv6 loopback", pop("ipv6", "'::1'"), "addresses of one host"),
        Case("IPv6 of all nodes", pop("ipv6", "'ff02::1'"), "addresses of one host"),
        Case("IPv6 of one link", pop("ipv6", "'fe80::7'"), "addresses of one host"),
        Case("IPv4 where a tunnel ends", pop("ipv4", "'198.51.100.7'"), "a tunnel ends at that address"),
        Case("endpoint at a PoP", tunnel("NULL, 1, 9, 'static', '192.0.2.2', 1280, NULL"), "no tunnel ends at a PoP's own address"),
        Case("endpoint moved to a PoP", "UPDATE tunnel SET endpoint = '192.0.2.1' WHERE endpoint = '198.51.100.7'", "no tunnel ends at a PoP's own address"),
        Case("prefix of links", prefix("x", "subnet", 48, "fe8000000000" + zeros.prefix(20), "fe8000000000ffffffffffffffffffff"), "unicast addresses that can be routed"),
        Case("country in small letters", pop("country", "'ch'"), "two capital letters"),
        Case("SSH port 0", pop("sshPort", "0"), "from 1 to 65535"),
        Case("SSH port 65536", pop("sshPort", "65536"), "from 1 to 65535"),
        Case("SSH user with a blank", pop("sshUser", "'a b'"), "an SSH user is a name without blanks"),
        Case("relative key file", pop("sshKeyFile", "'key'"), "an absolute path"),
        Case("host key without type", pop("hostKey", "'AAAA'"), "a host key is its type"),
        Case("control without port", pop("control", "'127.0.0.1'"), "a control address"),
        Case("PoP MTU 1279", pop("tunnelMTU", "1279"), "an MTU is a number from 1280 to 1480"),
        Case("PoP MTU 1481", pop("tunnelMTU", "1481"), "an MTU is a number from 1280 to 1480"),
        Case("enabled 2", pop("enabled", "2"), "enabled is 0 or 1"),
        Case("a text where a number belongs", pop("sshPort", "'ssh'"), "cannot store TEXT value in INTEGER column"),
        Case("PoP with tunnels removed", "DELETE FROM pop WHERE id = 1", "still in use"),

        Case("tunnel prefix of another length", prefix("x", "tunnel", 40, "20010db850" + zeros.prefix(22), "20010db850ffffffffffffffffffffff"), "a tunnel prefix is a /48"),
        Case("subnet prefix /44", prefix("x", "subnet", 44, "20010db850" + zeros.prefix(22), "20010db8500fffffffffffffffffffff"), "a subnet prefix a /40 or a /48"),
        Case("prefix of another kind", prefix("x", "other", 48, "20010db85000" + zeros.prefix(20), "20010db85000ffffffffffffffffffff"), "a prefix is for tunnel or subnet"),
        Case("second tunnel prefix", prefix("x", "tunnel", 48, "20010db85000" + zeros.prefix(20), "20010db85000ffffffffffffffffffff"), "a PoP has one tunnel prefix"),
        Case("prefix inside another PoP's", prefix("x", "subnet", 48, "20010db81005" + zeros.prefix(20), "20010db81005ffffffffffffffffffff"), "overlaps another prefix of the fleet"),
        Case("prefix around another PoP's", prefix("x", "subnet", 40, "20010db801" + zeros.prefix(22), "20010db801ffffffffffffffffffffff"), "overlaps another prefix of the fleet"),
        Case("prefix with bits beyond its length", prefix("x", "subnet", 48, "20010db8500000000000000000000001", "20010db85000ffffffffffffffffffff"), "the bounds of a prefix"),
        Case("prefix that ends too late", prefix("x", "subnet", 48, "20010db85000" + zeros.prefix(20), "20010db85001ffffffffffffffffffff"), "the bounds of a prefix"),
        Case("bound of 15 octets", prefix("x", "subnet", 48, "20010db85000" + zeros.prefix(18), "20010db85000ffffffffffffffffffff"), "a lower bound is 16 octets"),
        Case("prefix changed", "UPDATE prefix SET length = 40 WHERE id = 2", "added and removed, never changed"),
        Case("prefix given to another PoP", "UPDATE prefix SET popID = 2 WHERE id = 2", "added and removed, never changed"),
        Case("tunnel prefix with tunnels removed", "DELETE FROM prefix WHERE id = 1", "the PoP has tunnels in its tunnel prefix"),
        Case("subnet prefix with subnets removed", "DELETE FROM prefix WHERE popID = 1 AND kind = 'subnet'", "still in use"),

        Case("tid 0x2000", tunnel("NULL, 1, 8192, 'static', '9.9.9.9', 1280, NULL"), "a tid is 0 to 1fff"),
        Case("tid -1", tunnel("NULL, 1, -1, 'static', '9.9.9.9', 1280, NULL"), "a tid is 0 to 1fff"),
        Case("tid of another", tunnel("NULL, 1, 0, 'static', '9.9.9.9', 1280, NULL"), "another tunnel of the PoP has that tid"),
        Case("tunnel type 6over4", tunnel("NULL, 1, 9, '6over4', '9.9.9.9', 1280, NULL"), "a tunnel type is static, heartbeat or ayiya"),
        Case("static without endpoint", tunnel("NULL, 1, 9, 'static', NULL, 1280, NULL"), "a static tunnel has an endpoint"),
        Case("ayiya with endpoint", tunnel("NULL, 1, 9, 'ayiya', '9.9.9.9', 1280, 'a'"), "a static tunnel has an endpoint, and no other has"),
        Case("endpoint of another", tunnel("NULL, 1, 9, 'static', '198.51.100.7', 1280, NULL"), "another static tunnel of the PoP has that endpoint"),
        Case("MTU 1279", tunnel("NULL, 1, 9, 'static', '9.9.9.9', 1279, NULL"), "an MTU is a number from 1280 to 1480"),
        Case("MTU 1481", tunnel("NULL, 1, 9, 'static', '9.9.9.9', 1481, NULL"), "an MTU is a number from 1280 to 1480"),
        Case("ayiya without password", tunnel("NULL, 1, 9, 'ayiya', NULL, 1280, NULL"), "has a password"),
        Case("heartbeat without password", tunnel("NULL, 1, 9, 'heartbeat', NULL, 1280, NULL"), "has a password"),
        Case("static with password", tunnel("NULL, 1, 9, 'static', '9.9.9.9', 1280, 'a'"), "has a password, and no other has"),
        Case("empty password", tunnel("NULL, 1, 9, 'ayiya', NULL, 1280, ''"), "1 to 132 octets"),
        Case("password of 133 octets", tunnel("NULL, 1, 9, 'ayiya', NULL, 1280, '\(String(repeating: "a", count: 133))'"), "1 to 132 octets"),
        Case("password of 134 octets in 67 characters", tunnel("NULL, 1, 9, 'ayiya', NULL, 1280, '\(String(repeating: "é", count: 67))'"), "1 to 132 octets"),
        Case("password with a blank", tunnel("NULL, 1, 9, 'ayiya', NULL, 1280, 'a b'"), "without blanks"),
        Case("password with a line feed", tunnel("NULL, 1, 9, 'ayiya', NULL, 1280, 'a' || char(10)"), "without blanks"),
        Case("password with a DEL", tunnel("NULL, 1, 9, 'ayiya', NULL, 1280, 'a' || char(127)"), "without blanks"),
        Case("password with a NUL", tunnel("NULL, 1, 9, 'ayiya', NULL, 1280, 'a' || char(0)"), "without blanks"),
        Case("name servers in capitals", "UPDATE tunnel SET nameServers = 'NS1.example.net' WHERE number = 1", "in small letters"),
        Case("name servers of none", "UPDATE tunnel SET nameServers = '' WHERE number = 1", "up to eight names"),
        Case("name servers with a line feed", "UPDATE tunnel SET nameServers = 'a.example' || char(10) WHERE number = 1", "in small letters"),
        Case("update key in the clear", "UPDATE tunnel SET updateKey = 'secret' WHERE number = 2", "the hash of an update key"),
        Case("TIC secret in the clear", "UPDATE tunnel SET ticMD5 = 'secret', ticSHA256 = 'secret' WHERE number = 2", "an MD5 is 32 lower-case hexadecimal digits"),
        Case("half a TIC secret", "UPDATE tunnel SET ticMD5 = '5ebe2294ecd0e0f08eab7690d2a6ee69' WHERE number = 2", "both hashes or none"),
        Case("endpoint wish of an unknown state", "INSERT INTO endpointRequest (tunnel, popID, time, old, new, state) VALUES (2, 1, 0, 'a', 'b', 'lost')", "applied, deferred or superseded"),
        Case("patched state without a digest", "INSERT INTO patchedState (popID, generation, digest, patch) VALUES (1, 1, 'x', '')", "64 lower-case hexadecimal digits"),
        Case("endpoint published 2", "UPDATE tunnel SET publishesEndpoint = 2 WHERE number = 1", "publishesEndpoint is 0 or 1"),
        Case("number of a removed tunnel", "DELETE FROM tunnel WHERE number = 2; " + tunnel("2, 1, 9, 'static', '9.9.9.9', 1280, NULL"), "numbers are never used twice"),
        Case("number 0", tunnel("0, 1, 9, 'static', '9.9.9.9', 1280, NULL"), "a tunnel number is at least 1"),
        Case("number over 32 bits", tunnel("4294967296, 1, 9, 'static', '9.9.9.9', 1280, NULL"), "fits 32 bits"),
        Case("number changed", "UPDATE tunnel SET number = 9 WHERE number = 2", "a tunnel keeps its number"),
        Case("used numbers forgotten", "DELETE FROM tunnelNumber", "their list only grows"),
        Case("used numbers changed", "UPDATE tunnelNumber SET number = number + 100", "their list only grows"),
        Case("tunnel at no PoP", tunnel("NULL, 9, 9, 'static', '9.9.9.9', 1280, NULL"), "the PoP has no tunnel prefix"),
        Case("tunnel with subnets moved", "UPDATE tunnel SET popID = 2 WHERE number = 1", "the tunnel has subnets of its PoP"),
        Case("tunnel with subnets removed", "DELETE FROM tunnel WHERE number = 1", "still in use"),

        Case("subnet of another PoP's prefix", "UPDATE tunnel SET popID = 2 WHERE number = 2; " + subnet(2, 2, 48, "20010db81007" + zeros.prefix(20), "20010db81007ffffffffffffffffffff"), "a subnet prefix of its PoP"),
        Case("subnet in a tunnel prefix", subnet(2, 1, 56, "20010db8010101" + zeros.prefix(18), "20010db8010101ffffffffffffffffff"), "a subnet prefix of its PoP"),
        Case("subnet outside its prefix", subnet(2, 2, 48, "20010db85000" + zeros.prefix(20), "20010db85000ffffffffffffffffffff"), "a subnet prefix of its PoP"),
        Case("/56 of a /40", subnet(2, 2, 56, "20010db8100701" + zeros.prefix(18), "20010db8100701ffffffffffffffffff"), "a /48 of a /40, or a /56 of a /48"),
        Case("subnet /52", subnet(2, 2, 52, "20010db81007" + zeros.prefix(20), "20010db810070fffffffffffffffffff"), "a subnet prefix of its PoP"),
        Case("subnet twice", subnet(2, 3, 56, "20010db8020100" + zeros.prefix(18), "20010db8020100ffffffffffffffffff"), "overlaps another subnet"),
        Case("subnet changed", "UPDATE subnet SET tunnel = 2", "a subnet is added and removed, never changed"),

        Case("handle with a blank", user("'a b'"), "a handle is 2 to 32"),
        Case("handle of one letter", user("'a'"), "a handle is 2 to 32"),
        Case("handle that begins with a digit", user("'1a'"), "a handle is 2 to 32"),
        Case("handle of another in other case", user("'OWNER'"), "another user has that handle"),
        Case("mail with two @", "UPDATE user SET mail = 'a@b@c'", "a mail address has one @"),
        Case("hash that is none", "UPDATE user SET passwordMD5 = 'x', passwordSHA256 = 'y'", "hexadecimal digits"),
        Case("one hash alone", "UPDATE user SET passwordMD5 = '\(zeros)'", "both hashes or none"),
        Case("tunnel of nobody", "UPDATE tunnel SET owner = 'nobody'", "names something that does not exist"),
        Case("owner removed", "UPDATE tunnel SET owner = 'owner'; DELETE FROM user", "still in use"),
        Case("poll interval of a second", pop("pollSeconds", "1"), "60 to 86400 seconds"),
        Case("canary 2", pop("canary", "2"), "canary is 0 or 1"),
        Case("lease for fun", "INSERT INTO lease VALUES ('fun', 'a', 0, 1)", "a lease is for serving or for a round"),
        Case("hold on no generation", "INSERT INTO hold VALUES (1, 99, 0, 'a', 'b')", "names something that does not exist"),
        Case("circuit without a failure", "INSERT INTO circuit VALUES (1, 0, 0, 0, 'a')", "at least one failure"),

        Case("audit changed", "UPDATE audit SET author = 'nobody'", "the audit is only ever added to"),
        Case("audit removed", "DELETE FROM audit", "the audit is only ever added to"),
        Case("generation 0", "INSERT INTO generation (popID, number, digest, text, created, author, reason) VALUES (1, 0, '\(zeros + zeros)', '', 0, 'a', 'b')", "a generation is at least 1"),
        Case("generation that goes back", "INSERT INTO generation (popID, number, digest, text, created, author, reason) VALUES (1, 5, '\(zeros + zeros)', '', 0, 'a', 'b'); INSERT INTO generation (popID, number, digest, text, created, author, reason) VALUES (1, 4, '\(zeros + zeros)', '', 0, 'a', 'b')", "greater than those before it"),
        Case("digest that is none", "INSERT INTO generation (popID, number, digest, text, created, author, reason) VALUES (1, 1, 'F\(zeros)', '', 0, 'a', 'b')", "64 lower-case hexadecimal digits"),
        Case("generation changed", "INSERT INTO generation (popID, number, digest, text, created, author, reason) VALUES (1, 5, '\(zeros + zeros)', '', 0, 'a', 'b'); UPDATE generation SET text = 'x'", "a generation never changes"),
        Case("push that went somehow", "INSERT INTO push (popID, started, duration, outcome, detail) VALUES (1, 0, 0, 'somehow', '')", "an outcome is applied, unchanged, failed, stopped or rolled back"),
        Case("success without generation", "INSERT INTO push (popID, started, duration, outcome, detail) VALUES (1, 0, 0, 'applied', '')", "a successful push has a generation"),
    ]

    /// One for all cases: a statement that is refused leaves no trace.
    private static let shared = Task {
        let owner = RegistryChange.addUser(try UserHandle(parsing: "owner"), UserAmendment())
        return try await TestStore(Fixture.registry() + [owner])
    }

    @Test(arguments: cases)
    func refuses(_ example: Case) async throws {
        let test = try await Self.shared.value

        let error = await #expect(throws: DatabaseError.self) {
            try await test.store.registryFile.write { try $0.execute(sql: example.sql) }
        }

        let message = try #require(error.map { "\(RegistryError($0))" })
        #expect(message.contains(example.message), "\(message)")
    }

    @Test func takesSixteenSubnetPrefixesAndNoMore() async throws {
        let test = try await TestStore(Fixture.registry())
        let second = try Fixture.name("nltst01")
        for index in 0..<16 {
            let prefix = try Fixture.prefix("2001:db8:\(String(0x5000 + index * 0x100, radix: 16))::/40")
            try await test.store.registry.apply([.addPrefix(prefix, .subnet, second)], by: "tester")
        }

        let error = await #expect(throws: RegistryError.self) {
            try await test.store.registry.apply(
                [.addPrefix(Fixture.prefix("2001:db8:7000::/40"), .subnet, second)],
                by: "tester"
            )
        }

        #expect(error?.description == "nltst01 has 16 subnet prefixes: a PoP has no more")
        let byHand = await #expect(throws: DatabaseError.self) {
            try await test.store.registryFile.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO prefix (popID, kind, text, length, lower, upper)
                        VALUES (2, 'subnet', 'x', 40, x'20010db8700000000000000000000000', x'20010db870ffffffffffffffffffffff')
                        """
                )
            }
        }
        #expect(byHand?.message == "a PoP has at most 16 subnet prefixes")
    }

    @Test func commitsAreSafeBeforeTheyReturn() async throws {
        let test = try await TestStore()
        let settings = try await test.store.registryFile.writeWithoutTransaction { database in
            (
                try Int.fetchOne(database, sql: "PRAGMA synchronous"),
                try String.fetchOne(database, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(database, sql: "PRAGMA foreign_keys")
            )
        }

        // 2 is FULL.
        #expect(settings == (2, "wal", 1))
    }
}
