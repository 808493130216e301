import Dispatch
import Foundation
import Testing
import Wire

@testable import Core

@Suite("Engines that share their sessions") struct SharedSessionsTests {
    private static let now = EnginePair.now

    private static func path(_ number: UInt16) -> OuterPath {
        OuterPath(
            local: ip("192.0.2.1"),
            remote: .ipv4(IPv4Address(198, 51, 100, UInt8(truncatingIfNeeded: number))),
            localPort: 5072,
            remotePort: number
        )
    }

    private static func beat(from number: UInt16, at time: Int64) -> Beat {
        Beat(path: path(number), time: time, encapsulation: .ayiya, isByRetiredSecret: false)
    }

    @Test func aMoveIsSeenByTheOther() {
        let pair = EnginePair()
        let tid = CoreTests.tid(Plan.Tunnel.ayiya)

        #expect(pair.firstAccepts(Self.beat(from: 7, at: 100)))
        pair.second.tables.catchUp()

        #expect(pair.second.tables.forwarding.tunnels[tid].session.path == Self.path(7))
        #expect(pair.second.tables.forwarding.entries[tid].condition == .up)
        #expect(pair.second.tables.tunnel(at: Self.path(7).remote) == tid)
    }

    /// Both engines see the same beat at the same time, one of them from elsewhere.
    @Test func aReplayThatTheOtherEngineSeesIsRefused() {
        let pair = EnginePair()

        #expect(pair.firstAccepts(Self.beat(from: 7, at: 100)))
        #expect(!pair.secondAccepts(Self.beat(from: 8, at: 100)))
        #expect(pair.secondAccepts(Self.beat(from: 8, at: 101)))
        #expect(!pair.firstAccepts(Self.beat(from: 7, at: 101)))
        #expect(pair.firstAccepts(Self.beat(from: 8, at: 101)))
    }

    /// The second engine still has the old configuration, with the old password.
    @Test func anEngineThatIsBehindOpensNoSession() {
        let pair = EnginePair()
        let tid = CoreTests.tid(Plan.Tunnel.ayiya)
        #expect(pair.secondAccepts(Self.beat(from: 7, at: 100)))
        let new = EnginePair.configuration(Plan.text.replacing(Plan.ayiyaPassword, with: "another"))
        _ = pair.first.apply(new, at: Self.now)

        #expect(!pair.secondAccepts(Self.beat(from: 7, at: 200)))
        #expect(pair.first.tables.forwarding.entries[tid].condition == .down)
        _ = pair.second.apply(new, at: Self.now)
        #expect(pair.second.tables.forwarding.entries[tid].condition == .down)
        #expect(pair.secondAccepts(Self.beat(from: 7, at: 200)))
    }

    @Test func whoMissedMoreThanIsRememberedLooksAtAll() {
        let pair = EnginePair()
        let tid = CoreTests.tid(Plan.Tunnel.ayiya)
        for number in 0..<UInt16(TID.capacity) + 10 {
            _ = pair.firstAccepts(Self.beat(from: number, at: Int64(number)))
        }
        pair.second.tables.catchUp()

        #expect(
            pair.second.tables.forwarding.tunnels[tid].session.path
                == pair.first.tables.forwarding.tunnels[tid].session.path
        )
    }

    @Test func anErrorRateIsThatOfAllTogether() {
        let sessions = SharedSessions()
        let rate = ICMPRate(tunnelPerSecond: 1, tunnelBurst: 3, popPerSecond: 100)
        let taken = (0..<10).filter { _ in
            sessions.takeToken(
                for: .unreachable,
                about: CoreTests.tid(1),
                to: ICMPLimits.Places(of: Self.path(1).remote, by: KeyedHash(seed: 1, for: .limits)),
                rate,
                at: Self.now.monotonic
            )
        }

        #expect(taken.count == 3)
    }

    @Test func aProbeIsAnsweredOnce() {
        let sessions = SharedSessions()
        sessions.setPendingProbe(7, of: CoreTests.tid(1))

        #expect(!sessions.takeProbe(8, of: CoreTests.tid(1), after: 100))
        #expect(!sessions.takeProbe(7, of: CoreTests.tid(2), after: 100))
        #expect(sessions.takeProbe(7, of: CoreTests.tid(1), after: 300))
        #expect(!sessions.takeProbe(7, of: CoreTests.tid(1), after: 300))
        #expect(sessions.roundTrips(of: CoreTests.tid(1)).cumulative.prefix(2) == [0, 1])
        #expect(sessions.roundTrips(of: CoreTests.tid(2)).total == 0)
    }

    /// Many threads move the same tunnels; each second is accepted from one endpoint only, and all engines end alike.
    @Test func threadsThatMoveTunnelsAgree() {
        let pair = EnginePair()
        let sessions = pair.first.tables.sessions
        let engines = 4
        let seconds: Int64 = 2_000
        let outcomes = Outcomes()
        DispatchQueue.concurrentPerform(iterations: engines) { index in
            let place = EngineIndex(index + 1, of: engines + 1)
            var engine = Engine(
                EnginePair.configuration(Plan.text),
                seed: 1,
                sharing: sessions,
                as: place,
                at: Self.now
            )
            let tid = CoreTests.tid(Plan.Tunnel.ayiya)
            var accepted: [Int64] = []
            for second in 0..<seconds {
                engine.tables.catchUp()
                let beat = Self.beat(from: UInt16(index), at: second)
                if engine.tables.forwarding.tunnels[tid].session.path != beat.path,
                    engine.tables.acceptBeat(beat, of: tid, at: Self.now)
                {
                    accepted.append(second)
                }
            }
            outcomes.add(accepted)
        }
        let all = outcomes.accepted.joined()

        #expect(!all.isEmpty)
        #expect(Set(all).count == all.count, "a second moved the tunnel twice")
    }
}

/// What threads accepted.
private final class Outcomes: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var accepted: [[Int64]] = []

    func add(_ seconds: [Int64]) { self.lock.withLock { self.accepted.append(seconds) } }
}

/// Two engines of one PoP.
private final class EnginePair {
    static let now = Timestamp(monotonic: 1_000_000_000_000, unixTime: Plan.startTime)

    var first: Engine
    var second: Engine

    init() {
        let sessions = SharedSessions()
        let configuration = Self.configuration(Plan.text)
        let now = Self.now
        self.first = Engine(
            configuration,
            seed: 1,
            sharing: sessions,
            as: EngineIndex(0, of: 2),
            at: now
        )
        self.second = Engine(
            configuration,
            seed: 1,
            sharing: sessions,
            as: EngineIndex(1, of: 2),
            at: now
        )
    }

    /// Gives the first engine a beat of the AYIYA tunnel.
    func firstAccepts(_ beat: Beat) -> Bool {
        self.first.tables.acceptBeat(beat, of: CoreTests.tid(Plan.Tunnel.ayiya), at: Self.now)
    }

    /// Gives the second engine a beat of the AYIYA tunnel.
    func secondAccepts(_ beat: Beat) -> Bool {
        self.second.tables.acceptBeat(beat, of: CoreTests.tid(Plan.Tunnel.ayiya), at: Self.now)
    }

    static func configuration(_ text: String) -> EngineConfiguration {
        EngineConfiguration((try? Configuration(parsing: text, file: "test.conf")) ?? Configuration())
    }
}
