import Testing
import Wire

@Suite("A patch") struct ConfigurationPatchTests {
    private static let base = """
        pop set details 1 chtst01 192.0.2.42 2001:db8::42
        pop set id 1
        pop tunnelprefix add 2001:db8:2ff::/48
        pop subnetprefix add 2001:db8:3000::/40
        tunnel set config 0 T4141 203.0.113.10 up 1480
        tunnel set config 1 T5072 ayiya up 1428 geheim
        tunnel set config 2 T5073 heartbeat up 1428 neu alt until 1801396800
        subnet set config 2001:db8:3001::/48 1 static
        subnet set config 2001:db8:3002::/48 2 static

        """

    private static func configuration(_ text: String = Self.base) throws -> Configuration {
        try Configuration(parsing: text, file: "test")
    }

    private static func patch(_ text: String) throws -> ConfigurationPatch {
        try ConfigurationPatch(parsing: Array(text.utf8))
    }

    // swift-format-ignore
    static let changes = [
        ("T4141 203.0.113.10", "T4141 203.0.113.99", "tunnel set config 0 T4141 203.0.113.99 up 1480\n"),
        ("geheim", "anders", "tunnel set config 1 T5072 ayiya up 1428 anders\n"),
        (" alt until 1801396800", "", "tunnel set config 2 T5073 heartbeat up 1428 neu\n"),
        ("tunnel set config 0 T4141 203.0.113.10 up 1480\n", "", "tunnel remove 0\n"),
        ("3001::/48 1 static", "3001::/48 0 static", "subnet set config 2001:db8:3001::/48 0 static\n"),
        ("subnet set config 2001:db8:3002::/48 2 static\n", "", "subnet remove 2001:db8:3002::/48\n"),
        ("203.0.113.10", "203.0.113.10", ""),
    ]

    @Test(arguments: changes) func saysWhatChanges(_ old: String, _ new: String, _ text: String) throws {
        let (before, after) = (
            try Self.configuration(),
            try Self.configuration(Self.base.replacing(old, with: new))
        )

        let patch = try #require(ConfigurationPatch(from: before, to: after))

        #expect(patch.text == text && patch.isEmpty == text.isEmpty)
        #expect(try Self.patch(text) == patch)
        #expect(patch.applied(to: before) == after)
        #expect(patch.applied(to: before).digest == after.digest)
    }

    @Test func cannotSayWhatChangesOfThePoP() throws {
        let other = try Self.configuration(Self.base + "pop set beat-timeout 60\n")

        #expect(ConfigurationPatch(from: try Self.configuration(), to: other) == nil)
    }

    // swift-format-ignore
    static let mistakes = [
        ("pop set id 2",                                   "patch:1:1: expected tunnel or subnet, found \"pop\""),
        ("tunnel remove 0\nnonsense",                      "patch:2:1: expected tunnel or subnet, found \"nonsense\""),
        ("tunnel remove 2000",                             "patch:1:15: expected a tid, hexadecimal, 0 to 1fff, found \"2000\""),
        ("tunnel remove 1 2",                              "patch:1:17: expected end of line, found \"2\""),
        ("tunnel set remote 1 192.0.2.1",                  "patch:1:12: expected config, found \"remote\""),
        ("tunnel set config 1 T5072 ayiya up 1428",        "patch:1:40: expected a password of 1 to 132 octets, found end of line"),
        ("tunnel set config 1 T1 ayiya up 1428 <hidden>",  "patch:1:38: expected the password itself, found \"<hidden>\", which stands where a password is not shown"),
        ("tunnel remove 1\ntunnel remove 01",              "patch:2:1: expected tid 1 once, found it again"),
        ("subnet remove 2001:db8:3001::/48\nsubnet set config 2001:db8:3001::/48 1 static", "patch:2:1: expected subnet 2001:db8:3001::/48 once, found it again"),
        ("subnet remove x",                                "patch:1:15: expected an IPv6 prefix such as 2001:db8::/48, found \"x\""),
        ("tunnel remove 1\n\ntunnel remove 2",             "patch:2:1: expected tunnel or subnet, found end of line"),
        ("tunnel remove 1\u{0}",                           "patch:1:1: expected UTF-8 text, found other octets"),
    ]

    @Test(arguments: mistakes) func isReadWholeOrNotAtAll(_ text: String, _ words: String) {
        let error = #expect(throws: ConfigurationError.self) { try Self.patch(text) }

        #expect(error?.description == words)
    }

    @Test func hasItsLimits() throws {
        let most = (0..<ConfigurationPatch.maximumLineCount).map {
            "tunnel remove \(String($0, radix: 16))\n"
        }
        #expect(try Self.patch(most.joined()).lineCount == ConfigurationPatch.maximumLineCount)
        #expect(throws: ConfigurationError.self) { try Self.patch(most.joined() + "tunnel remove 1fff\n") }
        #expect(throws: ConfigurationError.self) {
            try Self.patch("tunnel remove 1" + String(repeating: " ", count: 4096))
        }
        #expect(throws: ConfigurationError.self) { try ConfigurationPatch(parsing: [0x80, 0x0a]) }
    }
}
