import Testing
import Wire

@Suite("A retired password") struct RetiredPasswordTests {
    private static func load(_ tail: String) throws -> TunnelSettings? {
        let text = "pop tunnelprefix add 2001:db8::/48\ntunnel set config 1 T1 ayiya up 1280 \(tail)\n"
        return try Configuration(parsing: text, file: "test.conf").tunnels.first
    }

    @Test(arguments: [
        ("0", Int64(0)), ("1801396800", 1_801_396_800), ("2027-01-31T12:00:00Z", 1_801_396_800),
        ("1970-01-01t00:00:00z", 0), ("2028-02-29T23:59:59Z", 1_835_481_599),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
    ])
    func isGoodUntilATime(_ time: String, _ seconds: Int64) throws {
        let tunnel = try Self.load("new old until \(time)")

        #expect(tunnel?.password == "new")
        #expect(tunnel?.retiredPassword == RetiredPassword("old", until: seconds))
        #expect(UTCTime(seconds).map { try? Self.load("new old until \($0)") } == .some(tunnel))
    }

    @Test(arguments: [
        "new old", "new old until", "new old untill 5", "new old until 2027-02-29T00:00:00Z",
        "new old until 2027-13-01T00:00:00Z", "new old until 2027-01-01T24:00:00Z",
        "new old until 2027-01-01 00:00:00", "new old until -1", "new old until 99999999999999",
        "new old until 5 6",
    ])
    func isRefusedInAnotherForm(_ tail: String) {
        let error = #expect(throws: ConfigurationError.self) { try Self.load(tail) }

        #expect(error?.line == 2)
        #expect(
            error?.description.contains("old") != true || tail == "new old until",
            "a secret is not repeated"
        )
    }

    @Test func isPartOfTheCanonicalText() throws {
        let text =
            "pop tunnelprefix add 2001:db8::/48\ntunnel set config 1 T1 ayiya up 1280 new old until 2027-01-31T12:00:00Z\n"
        let configuration = try Configuration(parsing: text, file: "test.conf")

        #expect(configuration.canonicalText.contains("config 1 T1 ayiya up 1280 new old until 1801396800\n"))
        #expect(try Configuration(parsing: configuration.canonicalText, file: "again") == configuration)
        #expect(configuration.text(passwords: .hidden).contains("1280 <hidden> <hidden> until 1801396800\n"))
    }
}
