import Core
import FastPath
import LinuxIO
import TestSupport
import Testing
import Wire

/// Octets without rhyme or reason, of any length and with any segment size.
///
/// What libFuzzer could do it can't do here: no coverage comes back from the kernel.
@Suite(
    "The fast path's programs and garbage",
    .enabled(if: NetworkNamespace.takesPrograms, NetworkNamespace.programRequirement)
)
struct FastPathGarbageTests {
    /// BPF_PROG_TEST_RUN takes no more, and wants a whole inner header.
    private static let lengths = 40...3500

    /// Random octets, or a packet that would be forwarded with some octets changed: the beginning decides.
    private static func garbage(_ model: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var octets = (0..<Int.random(in: Self.lengths, using: &generator)).map { _ in
            UInt8.random(in: .min ... .max, using: &generator)
        }
        let kept = min(
            [0, 1, 20, 24, 40, 60, 64, model.count].randomElement(using: &generator) ?? 0,
            model.count
        )
        octets.replaceSubrange(..<min(kept, octets.count), with: model.prefix(min(kept, octets.count)))
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            octets[Int.random(in: 0..<min(64, octets.count), using: &generator)] =
                [0, 1, 0x40, 0x60, 0x80, 0xff].randomElement(using: &generator) ?? 0
        }
        return octets
    }

    private static func segmentSize(_ generator: inout SeededGenerator) -> UInt32 {
        [0, 0, 1, 1400, UInt32.random(in: 0...65_535, using: &generator)].randomElement(using: &generator)
            ?? 0
    }

    /// Has a tunnel's user send GRE.
    ///
    /// - Returns: A packet of theirs.
    private static func switchToGRE(_ scene: FastPathScene) throws -> [UInt8] {
        let inner = InnerPacket(
            source: FastPathCaseTests.address(1),
            destination: FastPathCaseTests.internet
        ).octets
        let packet = OuterPacketFields.gre(
            from: IPv4Address(198, 51, 100, 2),
            to: FastPathCaseTests.own,
            around: inner
        )
        let tid = try #require(TID(rawValue: 1))
        scene.give(packet, of: tid)
        return packet
    }

    /// The scene compares: left alone and untouched, or octet for octet what the engine makes of it.
    @Test(arguments: RandomRun.parts)
    func leaveItAloneOrDoAsTheEngine(seed: UInt64) throws {
        try NetworkNamespace.run {
            var generator = SeededGenerator(seed: seed)
            let scene = try FastPathScene(FastPathCaseTests.text)
            let user = FastPathCaseTests.address(0)
            let down = InnerPacket(source: FastPathCaseTests.internet, destination: user).octets
            let fields = OuterPacketFields(source: FastPathCaseTests.user, destination: FastPathCaseTests.own)
            let inner = InnerPacket(source: user, destination: FastPathCaseTests.internet).octets
            let up = fields.octets(around: inner)
            let gre = try Self.switchToGRE(scene)
            for _ in 0..<RandomRun.rounds(usually: 10_000) / 2 {
                let size = Self.segmentSize(&generator)
                _ = try scene.fromUplink(Self.garbage(down, &generator), segmentSize: size)
                _ = try scene.fromLink(
                    Self.garbage(Bool.random(using: &generator) ? up : gre, &generator),
                    segmentSize: size
                )
            }
            scene.compareCounters()
            scene.expectNothingElseCounted()
        }
    }
}
