import ArgumentParser
import Foundation
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("A password that another replaces") struct OldPasswordTests {
    private static let end = Date(timeIntervalSince1970: 1_801_396_800)

    /// T1, whose password is `geheim`, after some changes.
    private static func tunnel(_ amendments: TunnelAmendment...) async throws -> (TestStore, Tunnel) {
        let test = try await TestStore(Fixture.registry())
        let number = try Fixture.number(1)
        for amendment in amendments {
            try await test.store.registry.apply([.amendTunnel(number, amendment)], by: "tester")
        }
        let snapshot = try await test.store.registry.snapshot(of: .fleet)
        return (test, try #require(snapshot.tunnel(number)))
    }

    private static func new(
        _ password: String = "neu",
        _ fate: TunnelAmendment.OldPasswordFate? = .kept(until: end)
    ) throws -> TunnelAmendment {
        TunnelAmendment(password: try Password(parsing: password), oldPassword: fate)
    }

    @Test func isKeptWithItsEnd() async throws {
        let (test, tunnel) = try await Self.tunnel(Self.new())

        #expect(tunnel.end.password?.text == "neu")
        #expect(tunnel.oldPassword == OldPassword(Password(stored: "geheim"), until: Self.end))
        let entry = try await test.store.registry.changes(since: 0).last
        #expect(entry?.after?.contains("\"oldPasswordUntil\":\"2027-01-31T12:00:00Z\"") == true)
        #expect(entry?.after?.contains("geheim") == false)
        #expect(try await test.store.registry.violations() == [])
    }

    @Test func isRenderedBehindTheNewOne() async throws {
        let (test, _) = try await Self.tunnel(Self.new())
        let snapshot = try await test.store.registry.snapshot(of: .fleet)

        let rendering = try ConfigurationRenderer(snapshot).render(1)

        #expect(rendering.text.contains(" ayiya up 1428 neu geheim until 1801396800\n"))
        let loaded = try Configuration(parsing: rendering.text, file: "test")
        #expect(loaded == ConfigurationRenderer(snapshot).configuration(of: 1))
    }

    @Test func staysWhileOtherThingsChange() async throws {
        let (_, tunnel) = try await Self.tunnel(
            Self.new(),
            TunnelAmendment(mtu: 1300),
            TunnelAmendment(type: .heartbeat)
        )

        #expect(tunnel.oldPassword?.password.text == "geheim")
    }

    @Test func goesWithTheNextChangeOfThePassword() async throws {
        let (_, without) = try await Self.tunnel(Self.new(), Self.new("neuer", nil))
        let (_, again) = try await Self.tunnel(Self.new(), Self.new("neuer"))

        #expect(without.oldPassword == nil)
        #expect(again.oldPassword?.password.text == "neu", "one is kept, the last")
    }

    @Test func endsWhenItIsSaid() async throws {
        let (_, tunnel) = try await Self.tunnel(Self.new(), TunnelAmendment(oldPassword: .ended))

        #expect(tunnel.oldPassword == nil)
        #expect(tunnel.end.password?.text == "neu")
    }

    @Test func isNoStaticTunnels() async throws {
        let endpoint = IPAddress.ipv4(IPv4Address(198, 51, 100, 9))
        let (_, tunnel) = try await Self.tunnel(
            Self.new(),
            TunnelAmendment(type: .static, endpoint: endpoint)
        )

        #expect(tunnel.oldPassword == nil)
    }

    @Test func needsANewOne() async throws {
        let sentence = "T1 gets no new password, so that there is no old one to keep"
        for amendment in [TunnelAmendment(oldPassword: .kept(until: Self.end)), try Self.new("geheim")] {
            await #expect(throws: RegistryError.refused(sentence)) { try await Self.tunnel(amendment) }
        }
    }

    @Test(arguments: [("30m", 1800), ("24h", 86_400), ("90d", 7_776_000), ("1s", 1)])
    func isKeptForATime(_ text: String, _ seconds: TimeInterval) throws {
        #expect(try OptionParsers.keepOld(text) == seconds)
    }

    @Test(arguments: [
        "", "24", "h", "0s", "-1h", "91d", "1w", "99999999999999999999d", "9223372036854775807d",
    ])
    func isKeptForNoOtherTime(_ text: String) {
        #expect(throws: SyntaxError.self) { try OptionParsers.keepOld(text) }
    }

    @Test(arguments: [
        ["--keep-old", "24h"], ["--mtu", "1280", "--keep-old", "24h"],
        ["--new-password", "--keep-old", "24h", "--end-old"],
    ])
    func isKeptOnlyBesideANewOne(_ options: [String]) {
        #expect(throws: (any Error).self) {
            try SixxsCentral.parseAsRoot(["tunnel", "set", "T1", "--database", "/nowhere"] + options)
        }
    }
}

@Suite("The client's command") struct ClientCommandTests {
    @Test func isWhatTheTunnelNeeds() async throws {
        let test = try await TestStore(Fixture.registry())
        let name = try Fixture.name()
        try await test.store.registry.apply(
            [
                .addTunnel(NewTunnel(pop: name, end: .heartbeat(.random()))),
                .addTunnel(NewTunnel(pop: name, end: .fixed(try IPAddress(parsing: "2001:db8:9::7")))),
            ],
            by: "tester"
        )
        let snapshot = try await test.store.registry.snapshot(of: .fleet)
        let pop = try #require(snapshot.pop(named: name))

        let commands = snapshot.tunnels.map(snapshot.clientCommand)

        #expect(
            commands == [
                "sixxs-client ayiya --pop \(pop.ipv4) --identity 2001:db8:101::2 --mtu 1428 --password-file FILE",
                "sixxs-client 6in4 --pop \(pop.ipv4) --identity 2001:db8:101:1::2 --mtu 1480",
                "sixxs-client heartbeat --pop \(pop.ipv4) --identity 2001:db8:101:2::2 --mtu 1280 --password-file FILE",
                "sixxs-client 6in4 --pop \(pop.ipv6) --identity 2001:db8:101:3::2 --mtu 1280",
            ]
        )
    }
}
