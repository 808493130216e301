import Core
import TestSupport
import Testing
import Wire

@Suite("A dynamic tunnel") struct SessionTests {
    private static let internet = Plan.internet

    private static func isUp(_ pop: TestPoP, _ number: UInt16, toward remote: IPAddress) -> Bool {
        let outcome = pop.fromUplink(Packet.udp(Self.internet, Plan.them(number)))
        return outcome.fate == .forwarded && outcome.sent?.remote == remote
    }

    // MARK: - Up

    @Test func comesUpAtItsFirstBeatInBothDirections() {
        let pop = TestPoP()
        #expect(pop.tunnel(1).condition == .down)
        #expect(pop.fromUplink(Packet.udp(Self.internet, Plan.them(1))).icmp?.code == 0)

        _ = pop.fromUnderlay(.ayiya(.noOperation, port: 1234))

        #expect(pop.tunnel(1).condition == .up)
        #expect(pop.tunnel(1).lastTimes.beat == Plan.startTime)
        #expect(
            pop.tunnel(1).path
                == OuterPath(local: Plan.popIPv4, remote: Plan.home, localPort: 5072, remotePort: 1234)
        )
        #expect(Self.isUp(pop, 1, toward: Plan.home))
        #expect(
            pop.fromUnderlay(.ayiya(.forward, Packet.udp(Plan.them(1), Self.internet), port: 1234)).fate
                == .forwarded
        )
    }

    @Test func comesUpByItsFirstPacketWhichIsForwarded() {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(.ayiya(.forward, Packet.udp(Plan.them(1), Self.internet)))

        #expect(outcome.fate == .forwarded)
        #expect(Self.isUp(pop, 1, toward: Plan.home))
    }

    @Test func sendsFromTheAddressAndPortThatTheClientSentTo() throws {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation).to(ip("192.0.2.200")))

        let sent = try #require(pop.fromUplink(Packet.udp(Self.internet, Plan.them(1))).sent)

        #expect(try OuterPacket(wholePacket: sent.octets).path.local == ip("192.0.2.200"))
    }

    // MARK: - Endpoint

    struct Move: Sendable {
        /// Seconds after the first beat that the second one carries.
        let later: Int64
        var port: UInt16 = 40000
        var from = Plan.elsewhere
    }

    // swift-format-ignore
    static let moves: [Row<Move, Bool>] = [
        Row("a later beat from elsewhere",          Move(later: 1),                       is: true),
        Row("a much later beat from elsewhere",     Move(later: 100),                     is: true),
        Row("the same second from elsewhere",       Move(later: 0),                       is: false),
        Row("an earlier beat from elsewhere",       Move(later: -1),                      is: false),
        Row("a later beat from another port",       Move(later: 1, port: 9, from: Plan.home),  is: true),
        Row("the same second from another port",    Move(later: 0, port: 9, from: Plan.home),  is: false),
        Row("a later beat over IPv6",               Move(later: 1, from: ip("2001:db8:beef::7")), is: true),
        Row("the same second over IPv6",            Move(later: 0, from: ip("2001:db8:beef::7")), is: false),
    ]

    @Test(arguments: Self.moves)
    func followsItsUserOnlyWith(_ row: Row<Move, Bool>) {
        let move = row.input
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))

        let outcome = pop.fromUnderlay(
            .ayiya(.noOperation, time: Plan.startTime + move.later, from: move.from, port: move.port)
        )

        #expect(outcome.fate == (row.output ? .consumed : .dropped(.ayiyaReplay)))
        #expect(pop.errors(on: 1) == (row.output ? [:] : [.ayiyaReplay: 1]))
        #expect(Self.isUp(pop, 1, toward: row.output ? move.from : Plan.home))
        #expect(pop.tunnel(1).path?.remotePort == (row.output ? move.port : 40000))
    }

    @Test(arguments: [1, 0, -1] as [Int64])
    func followsHeartbeatsByTheSameRule(_ later: Int64) {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.heartbeat())

        let outcome = pop.fromUnderlay(.heartbeat(time: Plan.startTime + later, from: Plan.elsewhere))

        #expect(outcome.fate == (later > 0 ? .consumed : .dropped(.heartbeatReplay)))
        #expect(pop.errors(on: 2) == (later > 0 ? [:] : [.heartbeatReplay: 1]))
        #expect(Self.isUp(pop, 2, toward: later > 0 ? Plan.elsewhere : Plan.home))
    }

    @Test func takesOldPacketsFromItsPresentEndpoint() {
        let pop = TestPoP()
        let packet = Packet.udp(Plan.them(1), Self.internet)

        let outcomes = [5, 5, 4, 3, 5].map {
            pop.fromUnderlay(.ayiya(.forward, packet, time: Plan.startTime + $0))
        }
        let replayed = pop.fromUnderlay(
            .ayiya(.forward, packet, time: Plan.startTime + 5, from: Plan.elsewhere)
        )

        #expect(outcomes.allSatisfy { $0.fate == .forwarded })
        #expect(replayed.fate == .dropped(.ayiyaReplay))
    }

    /// Whatever was sent before cannot bring the tunnel back to where it was.
    @Test func cannotBePulledBack() {
        let pop = TestPoP()
        let recorded = (0..<3).map { OuterPacket.ayiya(.noOperation, time: Plan.startTime + $0) }
        for beat in recorded { _ = pop.fromUnderlay(beat) }
        _ = pop.fromUnderlay(.ayiya(.noOperation, time: Plan.startTime + 3, from: Plan.elsewhere))

        let replays = recorded.map { pop.fromUnderlay($0) }

        #expect(replays.allSatisfy { $0.fate == .dropped(.ayiyaReplay) })
        #expect(Self.isUp(pop, 1, toward: Plan.elsewhere))
    }

    @Test func isNotOpenedByAReplayAfterItWentDown() {
        let pop = TestPoP(Plan.popLines + "pop set beat-timeout 30\n" + Plan.tunnelLines)
        let recorded = OuterPacket.ayiya(.noOperation)
        _ = pop.fromUnderlay(recorded)
        pop.advance(seconds: 40)
        pop.tick(seconds: 1)
        #expect(pop.tunnel(1).condition == .down)

        var stolen = recorded
        stolen.path.remote = Plan.elsewhere
        let outcome = pop.fromUnderlay(stolen)

        #expect(outcome.fate == .dropped(.ayiyaReplay))
        #expect(pop.tunnel(1).condition == .down)
    }

    // MARK: - What was last authenticated

    @Test func refuses6in4AndGREAfterAYIYA() {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))
        let packet = Packet.udp(Plan.them(1), Self.internet)

        for (bare, remote) in [(true, Plan.home), (false, Plan.home), (true, Plan.elsewhere)] {
            let outcome = pop.fromUnderlay(
                bare ? .sixInFour(packet, from: remote) : .gre(packet, from: remote)
            )
            #expect(outcome == .nothing(but: .dropped(.nonAYIYAPacket)))
        }
        #expect(pop.errors(on: 1) == [.ayiyaNonAYIYA: 3])
    }

    @Test func goesBackTo6in4ByAHeartbeat() {
        let pop = TestPoP()
        let password = Plan.ayiyaPassword
        let packet = Packet.udp(Plan.them(1), Self.internet)
        _ = pop.fromUnderlay(.ayiya(.noOperation))

        let sameSecond = pop.fromUnderlay(.heartbeat(tid: 1, password: password))
        let later = pop.fromUnderlay(.heartbeat(tid: 1, time: Plan.startTime + 1, password: password))
        let bare = pop.fromUnderlay(.sixInFour(packet, from: Plan.home))
        let elsewhere = pop.fromUnderlay(.sixInFour(packet, from: Plan.elsewhere))
        let down = pop.fromUplink(Packet.udp(Self.internet, Plan.them(1)))

        #expect(sameSecond.fate == .dropped(.heartbeatReplay))
        #expect(later.fate == .consumed)
        #expect(bare.fate == .forwarded)
        #expect(elsewhere.fate == .dropped(.wrongEndpoint))
        #expect(down.sent?.octets[9] == ProtocolNumber.ipv6)
    }

    @Test func goesToAYIYAByASignedPacket() {
        let pop = TestPoP()
        let password = Plan.heartbeatPassword
        _ = pop.fromUnderlay(.heartbeat())

        let signed = pop.fromUnderlay(
            .ayiya(.noOperation, tid: 2, time: Plan.startTime + 1, password: password)
        )
        let bare = pop.fromUnderlay(.sixInFour(Packet.udp(Plan.them(2), Self.internet), from: Plan.home))

        #expect(signed.fate == .consumed)
        #expect(bare.fate == .dropped(.nonAYIYAPacket))
        #expect(pop.tunnel(2).encapsulation == .ayiya)
    }

    @Test(arguments: DynamicType.allCases)
    func takesBothKindsOfBeatsWhateverItIsCalled(_ type: DynamicType) {
        let text = Plan.popLines + "tunnel set config 0 T1 \(type.rawValue) up 1280 secret\n"
        let withAYIYA = TestPoP(text)
        let withHeartbeat = TestPoP(text)

        _ = withAYIYA.fromUnderlay(.ayiya(.noOperation, tid: 0, password: "secret"))
        _ = withHeartbeat.fromUnderlay(.heartbeat(tid: 0, password: "secret"))

        #expect(withAYIYA.tunnel(0).condition == .up && withAYIYA.tunnel(0).encapsulation == .ayiya)
        #expect(
            withHeartbeat.tunnel(0).condition == .up && withHeartbeat.tunnel(0).encapsulation == .sixInFour
        )
    }

    // MARK: - Down

    @Test(.enabled(if: TestPoP.hasOneEngine), arguments: [1, 30, 300, 86_400])
    func goesDownToTheSecond(_ timeout: Int) {
        let pop = TestPoP(Plan.popLines + "pop set beat-timeout \(timeout)\n" + Plan.tunnelLines)
        _ = pop.fromUnderlay(.ayiya(.noOperation))
        _ = pop.fromUnderlay(.heartbeat())

        pop.advance(seconds: Double(timeout))
        #expect(pop.engine.expireTunnels(at: pop.now) == 0)
        #expect(Self.isUp(pop, 1, toward: Plan.home))

        pop.advance(seconds: 1)
        #expect(pop.engine.expireTunnels(at: pop.now) == 2)
        #expect(pop.engine.expireTunnels(at: pop.now) == 0)
        #expect(pop.tunnel(1).condition == .down && pop.tunnel(2).condition == .down)
        #expect(pop.fromUplink(Packet.udp(Self.internet, Plan.them(1))).icmp?.code == 0)
        let bare = pop.fromUnderlay(.sixInFour(Packet.udp(Plan.them(2), Self.internet), from: Plan.home))
        #expect(bare.fate == .dropped(.downTunnel))
    }

    @Test func staysUpWhileItBeats() {
        let pop = TestPoP()

        for minute in 0..<20 {
            _ = pop.fromUnderlay(.ayiya(.noOperation, time: pop.now.unixTime))
            pop.advance(seconds: 59)
            #expect(pop.tick(seconds: 1) == 0, "minute \(minute)")
        }
        #expect(pop.tunnel(1).condition == .up)
    }

    @Test func isKeptUpBySignedPacketsAndNotByBareOnes() {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))
        _ = pop.fromUnderlay(.heartbeat())

        for _ in 0..<10 {
            pop.advance(seconds: 59)
            pop.tick(seconds: 1)
            let signed = Packet.udp(Plan.them(1), Self.internet)
            _ = pop.fromUnderlay(.ayiya(.forward, signed, time: pop.now.unixTime))
            _ = pop.fromUnderlay(.sixInFour(Packet.udp(Plan.them(2), Self.internet), from: Plan.home))
        }

        #expect(pop.tunnel(1).condition == .up)
        #expect(pop.tunnel(2).condition == .down)
    }

    @Test(.enabled(if: TestPoP.hasOneEngine))
    func comesUpAgain() {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))
        pop.advance(seconds: 300)
        #expect(pop.tick(seconds: 1) == 1)

        _ = pop.fromUnderlay(.ayiya(.noOperation, time: pop.now.unixTime, from: Plan.elsewhere))

        #expect(Self.isUp(pop, 1, toward: Plan.elsewhere))
    }

    /// Durations are measured by the clock that never steps.
    @Test(.enabled(if: TestPoP.hasOneEngine), arguments: [3600, -3600] as [Int64])
    func survivesAStepOfTheWallClock(_ step: Int64) {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))

        pop.now.unixTime += step
        pop.advance(seconds: 298)
        #expect(pop.tick(seconds: 1) == 0)
        #expect(Self.isUp(pop, 1, toward: Plan.home))
        #expect(pop.tick(seconds: 2) == 1)
    }

    @Test func neverTakesAStaticTunnelDown() {
        let pop = TestPoP()

        pop.advance(seconds: 1e7)

        #expect(pop.engine.expireTunnels(at: pop.now) == 0)
        #expect(pop.tunnel(0).condition == .up)
    }

    // MARK: - Disabled

    @Test func whenDisabledIgnoresBeats() {
        let pop = TestPoP()

        let signed = pop.fromUnderlay(.ayiya(.forward, Packet.udp(Plan.them(6), Self.internet), tid: 6))
        let heartbeat = pop.fromUnderlay(.heartbeat(tid: 6, password: Plan.ayiyaPassword))
        let bare = pop.fromUnderlay(.sixInFour(Packet.udp(Plan.them(6), Self.internet), from: Plan.home))

        for outcome in [signed, heartbeat, bare] {
            #expect(outcome == .nothing(but: .dropped(.disabledTunnel)))
        }
        #expect(pop.tunnel(6).condition == .disabled && pop.tunnel(6).path == nil)
        #expect(pop.errors(on: 6) == [.disabledTunnel: 3])
    }

    @Test func whenDisabledCarriesNothingFromAStaticEnd() {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(
            .sixInFour(Packet.udp(Plan.them(3), Self.internet), from: Plan.remote(of: 3))
        )

        #expect(outcome == .nothing(but: .dropped(.disabledTunnel)))
        #expect(pop.errors(on: 3) == [.disabledTunnel: 1])
    }

    // MARK: - Loops (RFC 2473 §4.1.2)

    @Test func isNeverOpenedFromAnAddressInsideATunnel() {
        for remote in [Plan.them(1), Plan.them(0), ipv6("2001:db8:3001::1"), Plan.daemon].map(IPAddress.ipv6)
        {
            let pop = TestPoP()
            _ = pop.fromUnderlay(.ayiya(.noOperation, from: remote))
            _ = pop.fromUnderlay(.heartbeat(from: remote))
            #expect(pop.tunnel(1).path == nil && pop.tunnel(2).path == nil, "\(remote)")
        }
    }
}
