import Testing
import Wire

@Suite("A password is octets") struct TunnelPasswordTests {
    /// é as one character, and as a letter and an accent: equal as texts.
    private static let composed = "caf\u{E9}"
    private static let decomposed = "cafe\u{301}"

    private static func load(_ password: String) throws -> Configuration {
        let text = "pop tunnelprefix add 2001:db8::/48\ntunnel set config 1 T1 ayiya up 1280 \(password)\n"
        return try Configuration(parsing: text, file: "test.conf")
    }

    @Test func differsWhereOnlyTheSpellingDoes() throws {
        let (old, new) = (try Self.load(Self.composed), try Self.load(Self.decomposed))

        #expect(Self.composed == Self.decomposed, "as texts")
        #expect(TunnelPassword(Self.composed) != TunnelPassword(Self.decomposed))
        #expect(Set([TunnelPassword(Self.composed), TunnelPassword(Self.decomposed)]).count == 2)
        #expect(old != new)
        #expect(new.difference(from: old).tunnels.description == "+0 ~1 -0")
        #expect(Array(new.canonicalText.utf8) != Array(old.canonicalText.utf8))
    }

    @Test func differsInTheRetiredOneToo() throws {
        let (old, new) = (
            try Self.load("x \(Self.composed) until 5"), try Self.load("x \(Self.decomposed) until 5")
        )

        #expect(new.difference(from: old).tunnels.description == "+0 ~1 -0")
    }

    @Test(arguments: [composed, decomposed, "\u{212B}", "\u{E9}\u{301}\u{323}", "#//\\\"'", "a"])
    func staysTheSameOctetsThroughTheCanonicalText(_ password: String) throws {
        let again = try Configuration(parsing: Self.load(password).canonicalText, file: "again")

        #expect(again.tunnels.first?.password?.octets == Array(password.utf8))
    }

    @Test(arguments: [
        ("a", true), (String(repeating: "a", count: 132), true),
        (String(repeating: "\u{E9}", count: 66), true), ("", false),
        (String(repeating: "a", count: 133), false), (String(repeating: "\u{E9}", count: 67), false),
        ("a b", false), ("a\tb", false), ("a\u{7F}", false), ("a\u{0}", false),
        // What stands where octets were no UTF-8: nobody chose it.
        ("pass\u{FFFD}word", false),
    ])
    func isLimitedInOctets(_ text: String, _ isConfigurable: Bool) {
        #expect(TunnelPassword(text).isConfigurable == isConfigurable)
    }

    @Test func hiddenIsNoPassword() throws {
        let text = try Self.load("geheim")

        let hidden = try Configuration(parsing: text.canonicalText, file: "f").text(passwords: .hidden)

        #expect(hidden.contains(" <hidden>\n") && !hidden.contains("geheim"))
        let error = #expect(throws: ConfigurationError.self) { try Configuration(parsing: hidden, file: "f") }
        #expect(error?.expected == "the password itself")
        #expect(error?.found == "\"<hidden>\", which stands where a password is not shown")
        #expect(!TunnelPassword.placeholder.isConfigurable)
    }

    @Test(arguments: [
        ("secret", "secret"), ("secret\n", "secret"), ("secret\r\nmore", "secret"),
        ("\u{feff}secret\n", "secret"),
        ("secret \t\n", "secret"), ("", ""), ("\u{feff}\n", ""), (" a b ", " a b"),
    ])
    func takesTheFirstLineOfAFile(_ text: String, _ line: String) {
        #expect(Array(TunnelPassword.firstLine(of: Array(text.utf8))) == Array(line.utf8))
    }

    @Test func ofATextWithAByteOrderMarkIsRead() throws {
        let text =
            "\u{feff}pop tunnelprefix add 2001:db8::/48\ntunnel set config 1 T1 ayiya up 1280 geheim \n"

        #expect(try Configuration(parsing: text, file: "f").tunnels.first?.password == "geheim")
    }

    @Test func isNoTextOfItsOwn() {
        #expect(!TunnelPassword(octets: [0x61, 0xFF]).isConfigurable)
        #expect("\(TunnelPassword("secret"))" == "set")
        #expect(!String(reflecting: TunnelPassword("secret")).contains("secret"))
    }
}
