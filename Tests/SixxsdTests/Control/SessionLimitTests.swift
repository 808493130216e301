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
        let session = ControlSession(bench.console, for: .loopback, limits, SessionRegistry(limits))
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
        #expect(wires.said.hasSuffix("425 nothing was asked for too long: bye\n"))
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

    @Test func isOneOfALimitedNumber() {
        var limits = SessionLimits()
        limits.sessions = 2
        let registry = SessionRegistry(limits)

        #expect(registry.enter(.tcp) && registry.enter(.tcp))
        #expect(!registry.enter(.tcp))
        #expect(registry.enter(.unixSocket))
        registry.leave(.tcp)
        #expect(registry.enter(.tcp))
    }

    @Test func refusesALineThatIsTooLong() async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        let said = try await bench.converse([UInt8](repeating: 0x78, count: 5000))

        #expect(said.hasSuffix("400 expected a line of at most 4096 octets\n"))
    }
}
