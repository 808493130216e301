import LinuxIO
import Logging
import Testing
import Wire

@testable import sixxsd

@Suite("Next hop service")
struct NextHopServiceTests {
    /// Waits for answers; each must come, however long it takes on a busy machine.
    private static func answers(
        _ count: Int,
        at queue: NextHopRequestQueue
    ) async throws -> [NextHopRequestQueue.Answer] {
        var answers: [NextHopRequestQueue.Answer] = []
        while answers.count < count {
            queue.takeAnswers { answers.append($0) }
            try await Task.sleep(for: .milliseconds(1))
        }
        return answers
    }

    @Test(.timeLimit(.minutes(10)))
    func answersEachDeskItsOwnQuestions() async throws {
        let service = try NextHopService(logger: Logger(label: "test"))
        defer { service.stop() }
        let desks = [service.openDesk(), service.openDesk()]
        // This host itself: no next hop on any link.
        let asked = (0..<300).map { IPv4Address(127, 0, 1, UInt8($0 & 0xff)) }
        for remote in asked { desks[0].ask(about: remote) }
        desks[1].ask(about: IPv4Address(127, 0, 0, 2))

        let first = try await Self.answers(1, at: desks[1])
        let many = try await Self.answers(1, at: desks[0])

        #expect(first.map(\.remote) == [IPv4Address(127, 0, 0, 2)])
        #expect(many.allSatisfy { $0.remote.value >> 8 == 0x7f0001 && $0.hop == nil })
    }

    @Test
    func aDeskHoldsNoMoreThanItMay() throws {
        let queue = NextHopRequestQueue(try WakeUp())
        for number in 0..<NextHopRequestQueue.capacity + 10 { queue.ask(about: IPv4Address(UInt32(number))) }

        let some = queue.takeQuestions(atMost: 64)
        let rest = queue.takeQuestions(atMost: .max)

        #expect(some == (0..<64).map { IPv4Address($0) }, "the oldest first")
        #expect(some.count + rest.count == NextHopRequestQueue.capacity)
        #expect(queue.takeQuestions(atMost: .max).isEmpty)

        let answer = NextHopRequestQueue.Answer(remote: IPv4Address(1), hop: nil, generation: 1)
        for _ in 0..<3 { queue.leave(Array(repeating: answer, count: NextHopRequestQueue.capacity - 10)) }
        var count = 0
        queue.takeAnswers { _ in count += 1 }
        #expect(count == NextHopRequestQueue.capacity)
        queue.takeAnswers { _ in count += 1 }
        #expect(count == NextHopRequestQueue.capacity, "they are taken once")
    }
}

@Suite("Packets for a link")
struct LinkPacketTests {
    @Test(arguments: [0, 1, 0x1234, 0xffff] as [UInt16])
    func haveARightChecksumWhateverTheyAreIdentifiedBy(_ identification: UInt16) throws {
        var octets = [UInt8](repeating: 0, count: 60)
        let header = IPv4Header(
            trafficClass: 0xb9,
            totalLength: 60,
            timeToLive: 64,
            protocolNumber: ProtocolNumber.ipv6,
            source: IPv4Address(192, 0, 2, 42),
            destination: IPv4Address(203, 0, 113, 10)
        )
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        header.encode(into: &bytes, at: 0)
        bytes.storeBigEndian(identification, at: 4)

        octets.withUnsafeBytes { LinkEgress.completeChecksum(of: $0) }

        let packet = try IPv4Packet(octets.span.bytes)
        let (isValid, written) = (packet.hasValidChecksum, packet.identification)
        #expect(isValid)
        #expect(written == identification)
    }
}
