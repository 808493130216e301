import NIOCore
import Testing
import Wire

@testable import sixxsd

@Suite("A session") struct SessionLimitTests {
    private static func hasty() -> SessionLimits {
        var limits = SessionLimits()
        limits.idle = .milliseconds(200)
        limits.stall = .milliseconds(200)
        limits.text = .milliseconds(200)
        limits.watch = .milliseconds(20)
        return limits
    }

    private static func end(
        of wires: Wires,
        on bench: Bench,
        write: @escaping @Sendable (ByteBuffer) async throws -> Void
    ) async -> Duration {
        let limits = Self.hasty()
        let session = ControlSession(bench.handler, for: .loopback, limits, SessionRegistry(limits))
        return await ContinuousClock().measure {
            try? await session.run(wires.inbound, write: write, close: { wires.hangUp() })
        }
    }

    @Test func thatIsIdleEnds() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let wires = Wires()

        let time = await Self.end(of: wires, on: bench) { wires.receive($0) }

        #expect(time < .seconds(600))
        #expect(wires.said.hasSuffix("425 no command for 15 minutes: closing\n"))
    }

    @Test func thatSendsOctetByOctetEnds() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let wires = Wires()
        let drip = Task {
            while !Task.isCancelled {
                wires.send([UInt8(ascii: "x")])
                try await Task.sleep(for: .milliseconds(30))
            }
        }

        let time = await Self.end(of: wires, on: bench) { wires.receive($0) }
        drip.cancel()

        #expect(time < .seconds(600))
    }

    @Test func whoseTextDoesNotComeEnds() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let wires = Wires()
        wires.send(Array("config diff 100 \(String(repeating: "0", count: 64))\n".utf8))

        let time = await Self.end(of: wires, on: bench) { wires.receive($0) }

        #expect(time < .seconds(600))
    }

    @Test func thatNeverReadsEnds() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let wires = Wires()
        wires.send(Array("tunnel list\n".utf8))

        let time = await Self.end(of: wires, on: bench) { _ in try await Task.sleep(for: .seconds(600)) }

        #expect(time < .seconds(600))
    }

    private static let centre = Guest(name: .user(1000), isKept: true)
    private static let monitor = Guest(name: .user(1001), isKept: false)

    @Test func isOneOfALimitedNumberOfItsUser() {
        var limits = SessionLimits()
        limits.sessionsOfOne = 2
        let registry = SessionRegistry(limits)

        #expect(registry.enter(.root, by: .tcp) == nil && registry.enter(.root, by: .tcp) == nil)
        #expect(registry.enter(.root, by: .tcp) == .ofGuest)
        #expect(registry.enter(Self.centre, by: .tcp) == nil)
        registry.leave(.root, by: .tcp)
        #expect(registry.enter(.root, by: .tcp) == nil)
    }

    @Test func hasAPlaceThatOthersCannotTake() {
        let limits = SessionLimits()
        let registry = SessionRegistry(limits)
        var others = 0
        for user in 2000..<2100 {
            let guest = Guest(name: .user(UInt32(user)), isKept: false)
            while registry.enter(guest, by: .tcp) == nil { others += 1 }
        }

        #expect(others == limits.sessions - limits.keptSessions)
        #expect(registry.enter(Self.monitor, by: .tcp) == .ofAll)
        #expect(registry.enter(Self.centre, by: .tcp) == nil)
        for user in 3000..<3100 {
            while registry.enter(Guest(name: .user(UInt32(user)), isKept: true), by: .tcp) == nil {}
        }
        #expect(registry.enter(Guest(name: .user(4000), isKept: true), by: .tcp) == .ofAll)
        for _ in 0..<limits.sessionsOfOne { #expect(registry.enter(.root, by: .tcp) == nil) }
        #expect(registry.enter(.root, by: .tcp) == .ofGuest)
        #expect(registry.enter(.root, by: .unixSocket) == nil)
        #expect(registry.enter(Guest(owner: 64999), by: .tcp) == nil)
    }

    @Test func sendsATextWhateverOthersAnnounce() {
        let limits = SessionLimits()
        let registry = SessionRegistry(limits)
        let largest = ControlRequest.maximumPushLength
        for user in 2000..<2100 {
            let guest = Guest(name: .user(UInt32(user)), isKept: false)
            while registry.beginText(guest, octets: largest) == nil {}
        }
        while registry.beginText(.root, octets: largest) == nil {}

        #expect(registry.beginText(Self.monitor, octets: 1) == .ofAll)
        #expect(registry.beginText(Self.centre, octets: largest) == nil)
        #expect(registry.beginText(Self.centre, octets: largest) == nil)
        #expect(registry.beginText(Self.centre, octets: largest) == .ofGuest)
        registry.endText(Self.centre, octets: largest)
        #expect(registry.beginText(Self.centre, octets: largest) == nil)
        while registry.beginText(Guest(name: .user(3000), isKept: true), octets: largest) == nil {}
        #expect(registry.beginText(Guest(owner: 64999), octets: largest) == nil)
    }

    @Test func sendsAFewTextsAtOnce() {
        let limits = SessionLimits()
        let registry = SessionRegistry(limits)

        for _ in 0..<limits.textsOfOne { #expect(registry.beginText(Self.centre, octets: 0) == nil) }
        #expect(registry.beginText(Self.centre, octets: 0) == .ofGuest)
        for _ in 0..<limits.textsOfOne { registry.endText(Self.centre, octets: 0) }
        #expect(registry.beginText(Self.centre, octets: 0) == nil)
    }

    @Test func isNotKeptOutByThoseWhoKnock() {
        let limits = SessionLimits()
        let registry = SessionRegistry(limits)

        for _ in 0..<limits.waitingOfOne { #expect(registry.begin(.refused, .user(2000))) }
        #expect(!registry.begin(.refused, .user(2000)))
        #expect(registry.begin(.judged, .user(2000)) && registry.begin(.refused, .user(0)))
        registry.end(.refused, .user(2000))
        #expect(registry.begin(.refused, .user(2000)))
    }

    private static let command = "pop cliacl add 10.0.0.0/8 force"

    // swift-format-ignore
    static let foreign = [
        "POST / HTTP/1.1\r\nHost: 127.0.0.1:42003\r\n\r\n\(command)\r\n",
        "Host: x\n\(command)\n", "GET / HTTP/1.0\r\n\r\n\(command)\r\n",
        "SSH-2.0-x\r\n\(command)\n", "\u{16}\u{3}\u{1}\n\(command)\n",
        "pop\nPOST /x\n..\n\(command)\n", "a\nb\nc\nd\ne\n\(command)\n",
        "HELO x\nMAIL FROM:<a>\nRCPT TO:<b>\nDATA\nx\n\(command)\n",
    ]

    @Test(arguments: Self.foreign)
    func carriesNothingOutThatIsNotMeantForIt(_ octets: String) async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        let said = try await bench.converse(Array(octets.utf8))

        #expect(await bench.controller.state.configuration.pop.controlACL == [])
        #expect(said.hasSuffix(": bye\n"))
        #expect(!said.contains("200 OK"))
    }

    /// Whoever errs now and then is no stranger.
    @Test func goesOnWhileSomeCommandsExist() async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        let said = try await bench.answers("a\nb\nc\nd\n.\na\nb\nc\nd\npop get id")

        #expect(said.hasSuffix("\n200 1"))
    }

    @Test func refusesALineThatIsTooLong() async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        let said = try await bench.converse([UInt8](repeating: 0x78, count: 5000))

        #expect(said.hasSuffix("400 expected a line of at most 4096 octets\n"))
    }
}
