import Logging
import TestSupport
import Testing
import Wire

@testable import sixxs_client

@Suite("The client's configuration file") struct ClientConfigurationTests {
    private static func read(_ text: String, exposed: Bool = false) throws -> ClientSettings {
        try ClientConfiguration(Array(text.utf8), of: "c.conf", isReadableByOthers: exposed).settings
    }

    private static let whole = """
        # A tunnel.
        type     ayiya
        pop = chtst01.example.net
        identity=2001:db8:2ff:1::2

        password\tsecret-word
        tun      six0
          mtu    1428\u{20}
        beat-interval 30
        local 192.0.2.7
        default-route no
        user nobody
        offloads off
        status-socket none
        log-level warning
        """

    @Test(arguments: ["\n", "\r\n"])
    func saysEverything(_ lineEnd: String) throws {
        let settings = try Self.read("\u{feff}" + Self.whole.replacing("\n", with: lineEnd))

        #expect(settings.type == .ayiya)
        #expect(settings.pop == .name("chtst01.example.net"))
        #expect(settings.identity == TestTunnel.us)
        #expect(settings.tun == "six0")
        #expect(settings.mtu == 1428)
        #expect(settings.beatInterval == 30)
        #expect(settings.local == .ipv4(IPv4Address(192, 0, 2, 7)))
        #expect(!settings.hasDefaultRoute)
        #expect(settings.user == "nobody")
        #expect(settings.offloads == .off)
        #expect(settings.statusPath == nil)
        #expect(settings.logLevel == .warning)
        #expect(try TunnelPlan(settings).identity == TestTunnel.us)
        guard case .here("secret-word") = settings.password else {
            Issue.record("another password")
            return
        }
    }

    @Test(arguments: [
        ("password =a=b=", "=a=b="), ("password = =a", "=a"), ("password=a#b", "a#b"),
    ])
    func leavesPasswordsAsTheyAre(_ line: String, _ password: String) throws {
        guard case .here(let secret) = try Self.read(line).password else {
            Issue.record("no password")
            return
        }
        #expect(secret == TunnelPassword(password))
    }

    // swift-format-ignore
    static let wrong: [Row<String, String>] = [
        Row("a mistyped key", "\nindentity 2001:db8::2", is: "c.conf:2: unknown key \"indentity\": did you mean \"identity\"?"),
        Row("an unknown key", "colour red", is: "c.conf:1: unknown key \"colour\"; expected one of type, pop, identity, password"),
        Row("a section", "[tunnel]", is: "c.conf:1: unknown key \"[tunnel]\""),
        Row("a wrong value", "type ayiya\nmtu 99", is: "c.conf:2: mtu: expected 1280 to 1480, found \"99\""),
        Row("no value", "pop", is: "c.conf:1: pop: expected an IPv4 or IPv6 address or the name of a host, found \"\""),
        Row("no yes", "default-route maybe", is: "c.conf:1: default-route: expected yes or no, found \"maybe\""),
        Row("a mistyped type", "type ayia", is: "c.conf:1: type: expected ayiya, heartbeat or 6in4, found \"ayia\": did you mean \"ayiya\"?"),
        Row("a key twice", "mtu 1280\n\nmtu 1281", is: "c.conf:3: mtu is given twice (first on line 1): remove one"),
        Row("two passwords", "password a\npassword-file b", is: "c.conf:2: both password and password-file are set: remove one of them"),
        Row("a hidden password", "password <hidden>", is: "c.conf:1: password: expected the password itself"),
    ]

    @Test(arguments: wrong)
    func saysWhatIsWrong(_ row: Row<String, String>) {
        let error = #expect(throws: ClientConfiguration.Failure.self) { try Self.read(row.input) }

        #expect(error?.description.hasPrefix(row.output) == true, "\(error?.description ?? "")")
    }

    @Test func repeatsNoPassword() {
        let long = String(repeating: "geheim", count: 30)
        let error = #expect(throws: ClientConfiguration.Failure.self) { try Self.read("password \(long)") }

        #expect(error?.description.contains("geheim") == false)
    }

    @Test func thatOthersCanReadHoldsNoPassword() throws {
        let error = #expect(throws: ClientConfiguration.Failure.self) {
            try Self.read("password geheim", exposed: true)
        }

        #expect(
            error?.description
                == "c.conf holds the tunnel's password and can be read by other users of this host: chmod 600 c.conf"
        )
        #expect(try Self.read("password-file /etc/pw", exposed: true).password != nil)
    }

    @Test func isText() {
        #expect(throws: ClientConfiguration.Failure.self) {
            try ClientConfiguration([0xff, 0xfe, 0x61, 0], of: "c.conf", isReadableByOthers: false)
        }
        #expect(throws: ClientConfiguration.Failure.self) {
            try ClientConfiguration([0x61, 0x80], of: "c.conf", isReadableByOthers: false)
        }
    }

    // swift-format-ignore
    static let lacking: [Row<String, String>] = [
        Row("nothing", "", is: "no tunnel type is set"),
        Row("no PoP", "type 6in4", is: "no PoP is set"),
        Row("no identity", "type 6in4\npop pop.example", is: "your address inside the tunnel is not set"),
        Row("no password", "type ayiya\npop pop.example\nidentity 2001:db8::2", is: "the tunnel's password is not set"),
        Row("heartbeats over IPv6", "type heartbeat\npop 2001:db8::1\nidentity 2001:db8::2\npassword x", is: "a heartbeat tunnel reaches its PoP over IPv4 only"),
    ]

    @Test(arguments: lacking)
    func saysWhatIsMissing(_ row: Row<String, String>) throws {
        let settings = try Self.read(row.input)
        let error = #expect(throws: StartError.self) { try TunnelPlan(settings) }

        #expect(error?.description.hasPrefix(row.output) == true, "\(error?.description ?? "")")
    }
}
