import Testing
import Wire

@testable import sixxs_client

@Suite("TunnelSession sends in time")
struct TunnelSessionTimingTests {
    /// What the session sends until a time, with the second it is sent at.
    private static func timeline(_ session: inout TunnelSession, until end: Double) -> [(Double, String)] {
        var events: [(Double, String)] = []
        while session.deadline <= .milliseconds(Int64(end * 1000)) {
            let seconds = session.deadline / .seconds(1)
            for transmission in session.transmissions(at: TestTunnel.time(session.deadline)) {
                switch transmission {
                case .beat: events.append((seconds, "beat"))
                case .probe: events.append((seconds, "probe"))
                }
            }
        }
        return events
    }

    /// Takes the answer to the next probe, as if it took 3.2 ms.
    private static func answerProbe(_ session: inout TunnelSession) throws -> Liveness.Change? {
        while true {
            let time = TestTunnel.time(session.deadline)
            for case .probe(let octets) in session.transmissions(at: time) {
                let inner = Array(octets.dropFirst(session.settings.encapsulation.headroom))
                var later = time
                later.monotonic += .microseconds(3200)
                let answer = TestTunnel.datagram(.forward, TestTunnel.answer(to: inner), epoch: later.epoch)
                #expect(session.receive(answer, at: later) == .consume)
                return session.takeChange()
            }
        }
    }

    @Test
    func beatsTwiceAndThenEachInterval() {
        var session = TestTunnel.session()

        let beats = Self.timeline(&session, until: 130).filter { $0.1 == "beat" }.map(\.0)

        #expect(beats == [0, 1, 61, 121])
    }

    @Test
    func probesASilentTunnelOftenerThanItBeats() {
        var session = TestTunnel.session()

        let probes = Self.timeline(&session, until: 35).filter { $0.1 == "probe" }.map(\.0)

        #expect(probes == [0.25, 1.25, 11.25, 21.25, 31.25])
    }

    @Test
    func probesAnAnsweringTunnelOnceABeat() throws {
        var session = TestTunnel.session()
        #expect(
            try Self.answerProbe(&session) == .answering(roundTrip: .microseconds(3200), afterSilenceOf: nil)
        )

        let probes = Self.timeline(&session, until: 125).filter { $0.1 == "probe" }.map(\.0)

        #expect(probes == [1.25, 61.25, 121.25])
    }

    @Test
    func neverAsksForTheSameMomentTwice() {
        for interval in [1, 5, 60] as [Int64] {
            var session = TestTunnel.session(interval: .seconds(interval))
            var last: Duration = .seconds(-1)
            for _ in 0..<200 {
                let deadline = session.deadline
                #expect(deadline > last)
                _ = session.transmissions(at: TestTunnel.time(deadline))
                last = deadline
            }
        }
    }

    @Test
    func beatsAgainAfterARestart() {
        var session = TestTunnel.session()
        _ = Self.timeline(&session, until: 10)

        session.restart(at: TestTunnel.time(20))

        #expect(session.isBeatDue(at: TestTunnel.time(20)))
        let beats = Self.timeline(&session, until: 30).filter { $0.1 == "beat" }.map(\.0)
        #expect(beats == [20, 21])
    }

    @Test
    func tellsOnceThatNothingAnswers() {
        var session = TestTunnel.session()
        _ = Self.timeline(&session, until: 9.9)
        #expect(session.takeChange() == nil)

        _ = Self.timeline(&session, until: 10)

        #expect(session.takeChange() == .silent(for: .seconds(10)))
        _ = Self.timeline(&session, until: 1000)
        #expect(session.takeChange() == nil)
    }

    @Test
    func tellsThatAnAnsweringTunnelFallsSilentAndComesBack() throws {
        var session = TestTunnel.session()
        _ = try Self.answerProbe(&session)

        _ = Self.timeline(&session, until: 182)
        #expect(session.takeChange() == nil)
        _ = Self.timeline(&session, until: 183)
        #expect(session.takeChange() == .silent(for: .seconds(182)))

        let change = try Self.answerProbe(&session)
        guard case .answering(_, let silence?) = change else {
            Issue.record("\(String(describing: change))")
            return
        }
        #expect(silence > .seconds(182) && silence < .seconds(200))
    }

    @Test
    func sendsTheBeatOfTheVectors() throws {
        var session = TestTunnel.session()

        let due = session.transmissions(at: TestTunnel.time(0))

        let text = "4152103b499602d220010db802ff00010000000000000002b446b3fb428b83ffd67cf35f6049f495e0751848"
        let octets = stride(from: 0, to: text.count, by: 2).compactMap { index in
            UInt8(text.dropFirst(index).prefix(2), radix: 16)
        }
        #expect(due == [.beat(octets)])
    }

    @Test
    func sendsHeartbeatsThatThePoPAccepts() throws {
        let password: TunnelPassword = "91915d757a09bfc94d5028832d85cc0d"
        var session = TestTunnel.session(.heartbeat(password: password))

        let due = session.transmissions(at: TestTunnel.time(0))

        guard case .beat(let octets) = due.first else {
            Issue.record("no beat")
            return
        }
        let message = try HeartbeatMessage(octets.span.bytes)
        #expect(message.isSigned(with: password))
        #expect(message.identity == TestTunnel.us)
        #expect(message.sender == .source)
        #expect(message.epochTime == TestTunnel.epoch)
    }

    @Test
    func sendsOnlyProbesFromAFixedAddress() {
        var session = TestTunnel.session(.sixInFour)

        let events = Self.timeline(&session, until: 5)

        #expect(events.map(\.1) == ["probe", "probe"])
    }
}
