import Core
import Testing
import Wire

@Suite("A password that is changed") struct PasswordChangeTests {
    private static let expiry = Plan.startTime + 1000

    private static func text(_ secrets: String) -> String {
        Plan.popLines
            + "tunnel set config 1 T5072 ayiya up 1428 \(secrets)\ntunnel set config 2 T3740 heartbeat up 1280 \(secrets)\n"
    }

    private static let before = Self.text("old")
    private static let during = Self.text("new old until \(Self.expiry)")
    private static let after = Self.text("new")

    private func beat(_ pop: TestPoP, _ password: String) -> Fate {
        pop.fromUnderlay(.ayiya(.noOperation, time: pop.now.unixTime, password: password)).fate
    }

    private func heartbeat(_ pop: TestPoP, _ password: String) -> Fate {
        pop.fromUnderlay(.heartbeat(time: pop.now.unixTime, password: password)).fate
    }

    @Test func isAcceptedBesideTheNewOneUntilItsTime() {
        let pop = TestPoP(Self.during)

        #expect(self.beat(pop, "old") == .consumed)
        #expect(self.beat(pop, "new") == .consumed)
        #expect(self.heartbeat(pop, "old") == .consumed)
        #expect(self.heartbeat(pop, "new") == .consumed)
        #expect(self.beat(pop, "other") == .dropped(.ayiyaHashMismatch))
        pop.advance(seconds: 999)
        #expect(self.beat(pop, "old") == .consumed)
        pop.advance(seconds: 1)
        #expect(self.beat(pop, "old") == .dropped(.ayiyaHashMismatch))
        #expect(self.heartbeat(pop, "old") == .dropped(.heartbeatHashMismatch))
        #expect(self.beat(pop, "new") == .consumed)
    }

    @Test func keepsTheSessionAndItsSignature() throws {
        let pop = TestPoP(Self.before)
        #expect(self.beat(pop, "old") == .consumed)

        pop.apply(Self.during)
        #expect(pop.tunnel(1).condition == .up)
        #expect(try Self.isSigned(pop.fromUplink(Self.packet), "old"))
        pop.advance(seconds: 1)
        #expect(self.beat(pop, "new") == .consumed)
        #expect(try Self.isSigned(pop.fromUplink(Self.packet), "new"))
        pop.apply(Self.after)

        #expect(pop.tunnel(1).condition == .up)
        #expect(try Self.isSigned(pop.fromUplink(Self.packet), "new"))
    }

    @Test func endsTheSessionOfWhoStillUsesItWhenItIsTakenAway() {
        let pop = TestPoP(Self.during)
        #expect(self.beat(pop, "old") == .consumed)

        pop.apply(Self.after)

        #expect(pop.tunnel(1).condition == .down)
    }

    private static let packet = Packet.ping(Plan.internet, Plan.them(Plan.Tunnel.ayiya))

    /// Whether what was sent is an AYIYA datagram by the holder of a password.
    private static func isSigned(_ outcome: Outcome, _ password: String) throws -> Bool {
        let datagram = Array(outcome.sent?.octets.dropFirst(28) ?? [])
        let secret = AYIYASecret(password: password)
        return try AYIYAPacket(datagram.span.bytes).hasSignature(by: secret)
    }
}
