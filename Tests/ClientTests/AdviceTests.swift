import Testing
import Wire

@testable import sixxs_client

@Suite("Advice")
struct AdviceTests {
    private static let pop = "192.0.2.1"
    private static let local = IPAddress.ipv4(IPv4Address(198, 51, 100, 7))

    private static func line(
        _ change: Liveness.Change,
        _ session: TunnelSession,
        _ way: Advice.Way = .open(from: local)
    ) -> String {
        Advice(settings: session.settings, pop: Self.pop).line(
            about: change,
            session,
            way,
            at: TestTunnel.time(0)
        )
    }

    @Test
    func saysThatTheTunnelWorks() {
        let session = TestTunnel.session()

        let first = Self.line(.answering(roundTrip: .microseconds(3249), afterSilenceOf: nil), session)
        let again = Self.line(
            .answering(roundTrip: .microseconds(950), afterSilenceOf: .seconds(240)),
            session
        )

        #expect(first == "the tunnel works: 2001:db8:2ff:1::1 is answering, 3.2 ms")
        #expect(again == "the tunnel works again: answering, 1.0 ms, after 240 s of silence")
    }

    @Test
    func saysWhatAnICMPErrorIsWorth() {
        let line = Advice.hearsay(about: Self.pop, "No route to host")
        #expect(line.hasPrefix("an ICMP error says of packets to 192.0.2.1: No route to host. Anybody"))
    }

    @Test
    func saysWhatALookupLacks() throws {
        let any: @Sendable (IPAddress) -> Bool = { _ in true }
        let host = try #require(PoPHost("pop.example.net"))
        var book = PoPAddressBook(host, at: .zero, isUsable: any)
        let local = try IPAddress(parsing: "192.0.2.7")
        let ipv6 = [try IPAddress(parsing: "2001:db8::1")]
        func words(_ change: PoPAddressBook.Change, from local: IPAddress? = nil) -> String? {
            Advice.lookup(of: book, change, for: .heartbeat(password: "x"), from: local)
        }

        #expect(words(.none) == nil)
        #expect(
            words(.failed("Name or service not known"))
                == "the name pop.example.net was not found: Name or service not known; trying again; is --pop right, "
                + "and does this host's DNS work (getent hosts pop.example.net)?"
        )
        #expect(
            words(.unusable(ipv6))
                == "pop.example.net has no address for this tunnel (found 2001:db8::1): heartbeat tunnels need an IPv4 "
                + "address; ayiya tunnels take either"
        )
        #expect(
            words(.unusable(ipv6), from: local)?.hasSuffix("--local 192.0.2.7 needs one of the same kind")
                == true
        )
        _ = book.note([local], isAnswering: false, at: .zero)
        #expect(words(.failed("x"))?.hasSuffix("sending goes on to 192.0.2.7") == true)
    }

    @Test
    func guessesWhenThePoPIsSilent() {
        let silent = Liveness.Change.silent(for: .seconds(180))

        let ayiya = Self.line(silent, TestTunnel.session())
        let heartbeat = Self.line(silent, TestTunnel.session(.heartbeat(password: "x")))
        let sixInFour = Self.line(silent, TestTunnel.session(.sixInFour))

        #expect(
            ayiya.hasPrefix("no answer for 180 s: password, clock (this host says 2009-02-13 23:31:30 UTC;")
        )
        #expect(ayiya.contains("UDP 5072"))
        #expect(ayiya.contains("'AYIYA Hash Fail' and 'Clock Off'"))
        #expect(heartbeat.contains("UDP 3740 or protocol 41"))
        #expect(heartbeat.contains("'Heartbeat Hash Fail'"))
        #expect(sixInFour.contains("(198.51.100.7, or that of its NAT)"))
        #expect(!sixInFour.contains("password"))
    }

    @Test
    func namesTheCauseWhenItIsKnown() {
        let silent = Liveness.Change.silent(for: .seconds(10))
        var wrongPassword = TestTunnel.session()
        _ = wrongPassword.receive(TestTunnel.datagram(secret: AYIYASecret(password: "other")))
        var wrongClock = TestTunnel.session()
        _ = wrongClock.receive(TestTunnel.datagram(epoch: TestTunnel.epoch + 300))

        #expect(Self.line(silent, TestTunnel.session(), .none).hasSuffix("this host cannot reach 192.0.2.1"))
        #expect(
            Self.line(silent, TestTunnel.session(), .refused).hasSuffix(
                "refuses UDP 5072: no tunnel daemon runs there"
            )
        )
        #expect(Self.line(silent, wrongPassword).contains("the password here is not the one at the PoP"))
        #expect(Self.line(silent, wrongClock).contains("the PoP's clock is 300 s ahead of this host's"))
    }

    @Test(
        arguments: [
            (0, "1970-01-01 00:00:00 UTC"), (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"), (1_798_761_599, "2026-12-31 23:59:59 UTC"),
            (1_798_761_600, "2027-01-01 00:00:00 UTC"), (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] as [(UInt64, String)]
    )
    func writesDates(seconds: UInt64, text: String) {
        #expect(UTCText.format(secondsSince1970: seconds) == text)
    }
}
