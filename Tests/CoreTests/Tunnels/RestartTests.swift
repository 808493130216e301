import TestSupport
import Testing
import Wire

@testable import Core

/// Two daemons, one after the other, and what the first one writes down.
@Suite("After a restart") struct RestartTests {
    /// What the first daemon would write down.
    private static func state(_ pop: Daemon, isFinal: Bool = true) throws -> SavedState {
        let saved = SavedState(
            pop.sessions.copy(),
            of: pop.configuration,
            isFinal: isFinal,
            salt: [UInt8](repeating: 7, count: SavedState.saltLength),
            at: pop.now
        )
        // By way of the text, as it is in fact.
        return try SavedState(parsing: try #require(saved).text)
    }

    /// An engine whose sessions can be written down and restored.
    private final class Daemon {
        let sessions = SharedSessions()
        let configuration: EngineConfiguration
        var engine: Engine
        var now: Timestamp

        init(
            _ text: String = Plan.text,
            at unixTime: Int64 = Plan.startTime,
            monotonic: UInt64 = 1 << 50
        ) throws {
            self.configuration = EngineConfiguration(try Configuration(parsing: text, file: "test.conf"))
            self.now = Timestamp(monotonic: monotonic, unixTime: unixTime)
            self.engine = Engine(self.configuration, seed: 1, sharing: self.sessions, at: self.now)
        }

        func advance(_ seconds: Int64) {
            self.now.monotonic += UInt64(seconds) * Timestamp.nanosecondsPerSecond
            self.now.unixTime += seconds
        }

        func accepts(_ time: Int64, from remote: IPAddress = Plan.home, port: UInt16 = 40000) -> Bool {
            let path = OuterPath(local: Plan.popIPv4, remote: remote, localPort: 5072, remotePort: port)
            let beat = Beat(path: path, time: time, encapsulation: .ayiya, isByRetiredSecret: false)
            return self.engine.tables.acceptBeat(beat, of: tid(Plan.Tunnel.ayiya), at: self.now)
        }

        func restore(_ state: SavedState) -> Int { self.engine.restore(state, at: self.now) }

        func expire() -> Int { self.engine.expireTunnels(at: self.now) }

        var condition: TunnelCondition {
            self.engine.tables.forwarding.entries[tid(Plan.Tunnel.ayiya)].condition
        }

        var session: Session { self.sessions.session(of: tid(Plan.Tunnel.ayiya)) }
    }

    /// A second daemon, some seconds later on another monotonic clock.
    private static func restarted(
        _ old: Daemon,
        after seconds: Int64 = 5,
        isFinal: Bool = true,
        _ text: String = Plan.text
    ) throws -> Daemon {
        let state = try Self.state(old, isFinal: isFinal)
        let new = try Daemon(text, at: old.now.unixTime + seconds, monotonic: 1 << 45)
        _ = new.restore(state)
        return new
    }

    private static func seen(_ offset: Int64 = 0) throws -> Daemon {
        let old = try Daemon()
        #expect(old.accepts(Plan.startTime + offset))
        return old
    }

    @Test(arguments: [true, false])
    func aTunnelCarriesAtOnce(_ isFinal: Bool) throws {
        let old = try Self.seen()

        let new = try Self.restarted(old, isFinal: isFinal)

        #expect(new.condition == .up)
        #expect(new.session.path == old.session.path)
        #expect(new.session.encapsulation == .ayiya)
        let found = new.engine.tables.tunnel(at: Plan.home)
        #expect(found == tid(Plan.Tunnel.ayiya))
    }

    @Test(arguments: [true, false])
    func aCopyFromElsewhereIsRefusedAndAMoveIsNot(_ isFinal: Bool) throws {
        let new = try Self.restarted(Self.seen(), isFinal: isFinal)

        #expect(!new.accepts(Plan.startTime, from: Plan.elsewhere))
        #expect(!new.accepts(Plan.startTime - 50, from: Plan.elsewhere))
        #expect(new.session.path?.remote == Plan.home)
        #expect(new.accepts(Plan.startTime, from: Plan.home), "old ones from where it is")
        new.advance(2)
        #expect(new.accepts(new.now.unixTime, from: Plan.elsewhere), "a signature of now")
    }

    /// The daemon that was killed had accepted more than it had written down.
    @Test(arguments: [0, 100, -100] as [Int64])
    func whatAKilledDaemonAcceptedLastIsRefusedToo(_ offset: Int64) throws {
        let old = try Self.seen(offset)
        let state = try Self.state(old, isFinal: false)
        old.advance(50)
        #expect(old.accepts(old.now.unixTime + offset))

        let new = try Daemon(at: old.now.unixTime + 2, monotonic: 1 << 45)
        _ = new.restore(state)

        #expect(!new.accepts(old.now.unixTime + offset, from: Plan.elsewhere))
        new.advance(3)
        #expect(new.accepts(new.now.unixTime + offset, from: Plan.elsewhere), "by the same user's clock")
    }

    @Test func aDaemonThatStoppedAsksForNoMoreThanWithoutARestart() throws {
        let old = try Self.seen(60)

        let new = try Self.restarted(old, after: 5)

        #expect(!new.accepts(Plan.startTime + 60, from: Plan.elsewhere))
        #expect(new.accepts(Plan.startTime + 61, from: Plan.elsewhere))
    }

    /// The user's clock is set back, and he moves: he is let in when his clock is where it was, and never later than the
    /// times of copies would do for him.
    @Test(arguments: [1, 60, 119] as [Int64], [true, false])
    func aClockSetBackLocksOutForNoLonger(_ back: Int64, _ isRestarted: Bool) throws {
        let old = try Self.seen()
        let pop = isRestarted ? try Self.restarted(old, after: 0) : old
        func user() -> Int64 { pop.now.unixTime - back }

        #expect(!pop.accepts(user(), from: Plan.elsewhere))
        pop.advance(back)
        #expect(!pop.accepts(user(), from: Plan.elsewhere))
        pop.advance(1)
        #expect(pop.accepts(user(), from: Plan.elsewhere))
    }

    /// The PoP's own clock was a year ahead when the beat came.
    @Test func aTimeOfAWrongClockStandsForFourMinutes() throws {
        let pop = try Daemon(at: Plan.startTime + 31_536_000)
        #expect(pop.accepts(pop.now.unixTime))
        pop.now.unixTime = Plan.startTime
        let stands = Int64(NewestBeat.lifetime / Timestamp.nanosecondsPerSecond)

        pop.advance(stands)
        #expect(!pop.accepts(pop.now.unixTime, from: Plan.elsewhere))
        pop.advance(1)
        #expect(pop.accepts(pop.now.unixTime, from: Plan.elsewhere))
        #expect(!pop.accepts(pop.now.unixTime - 1, from: Plan.home), "and the rule goes on from there")
    }

    @Test(arguments: [
        ("another password", Plan.text.replacing(Plan.ayiyaPassword, with: "another")),
        ("another number", Plan.text.replacing("T5072", with: "T5073")),
        ("another type", Plan.text.replacing("T5072 ayiya", with: "T5072 heartbeat")),
        (
            "no tunnel",
            Plan.text.replacing("tunnel set config 1 T", with: "tunnel set config 8 T")
                .replacing("4000:200::/56 1 ", with: "4000:200::/56 8 ")
        ),
    ])
    func anotherTunnelBeginsAnew(_ name: String, _ text: String) throws {
        let new = try Self.restarted(Self.seen(), text)

        #expect(new.session == Session(), "\(name)")
        #expect(new.condition != .up)
    }

    @Test func theOldPasswordOfTwoGoesOn() throws {
        let text = Plan.text.replacing(
            Plan.ayiyaPassword,
            with: "new \(Plan.ayiyaPassword) until 99999999999"
        )

        let new = try Self.restarted(Self.seen(), text)

        #expect(new.condition == .up)
        #expect(new.session.usesRetiredSecret)
    }

    @Test func aTunnelWhoseBeatsStoppedStaysDownButKnowsItsTimes() throws {
        let text = Plan.text + "pop set beat-timeout 10\n"
        let old = try Daemon(text)
        #expect(old.accepts(Plan.startTime))

        let new = try Self.restarted(old, after: 11, text)

        #expect(new.condition == .down)
        #expect(!new.accepts(Plan.startTime, from: Plan.elsewhere))
        #expect(new.accepts(Plan.startTime + 1, from: Plan.elsewhere))
    }

    @Test func aTunnelGoesDownWhenItWouldHaveWithoutARestart() throws {
        let text = Plan.text + "pop set beat-timeout 100\n"
        let old = try Daemon(text)
        #expect(old.accepts(Plan.startTime))
        old.advance(60)

        let new = try Self.restarted(old, after: 30, text)
        #expect(new.expire() == 0)
        new.advance(10)
        #expect(new.expire() == 0)
        new.advance(1)

        #expect(new.expire() == 1)
        #expect(new.condition == .down)
    }

    @Test func whatIsDisabledStaysSo() throws {
        let new = try Self.restarted(
            Self.seen(),
            Plan.text.replacing("T5072 ayiya up", with: "T5072 ayiya disabled")
        )

        #expect(new.condition == .disabled)
    }

    @Test func aFixedTunnelGoesOnWithItsEncapsulation() throws {
        let old = try Daemon()
        let narrow = tid(Plan.Tunnel.narrow)
        old.engine.tables.changeSession(of: narrow) { session in
            session.encapsulation = .gre
            return true
        }

        let new = try Self.restarted(old)

        #expect(new.sessions.session(of: narrow).encapsulation == .gre)
        #expect(try Self.state(old).sessions.map(\.tid) == [narrow], "those that begin alike are left out")
        #expect(try Self.restarted(old, after: 301).sessions.session(of: narrow).encapsulation == .sixInFour)
    }

    @Test func theOtherEnginesOfThePoPHaveItToo() throws {
        let state = try Self.state(Self.seen())
        let new = try Daemon()
        let place = EngineIndex(0, of: 2)
        let now = new.now
        var first = Engine(new.configuration, seed: 1, sharing: new.sessions, as: place, at: now)
        let count = first.restore(state, at: now)

        let second = Engine(
            new.configuration,
            seed: 1,
            sharing: new.sessions,
            as: EngineIndex(1, of: 2),
            at: now
        )

        let condition = second.tables.forwarding.entries[tid(Plan.Tunnel.ayiya)].condition
        let (found, expired) = (second.tables.tunnel(at: Plan.home), first.expireTunnels(at: now))
        #expect(count == 1)
        #expect(condition == .up)
        #expect(found == tid(Plan.Tunnel.ayiya))
        #expect(expired == 0)
    }

    /// Addresses that a forged file would send packets in circles with.
    @Test(arguments: ["2001:db8:2ff::2", "224.0.0.1", "192.0.2.255 0"])
    func endsThatCannotBeAreLeftOut(_ remote: String) throws {
        var state = try Self.state(Self.seen())
        let words = remote.split(separator: " ")
        let address = ip(String(words[0]))
        let port: UInt16 = words.count > 1 ? 0 : 40000
        state.sessions[0].remote = Endpoint(address, port: port)
        let new = try Daemon()

        #expect(new.restore(state) == 0)
        #expect(new.session.path == nil)
    }
}
