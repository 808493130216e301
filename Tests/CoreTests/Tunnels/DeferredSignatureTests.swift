import Testing
import Wire

@testable import Core

@Suite("Datagrams that are signed later") struct DeferredSignatureTests {
    private static func pop(defers: Bool) throws -> TestPoP {
        let pop = TestPoP()
        _ = pop.fromOutside(.ayiya(.noOperation))
        pop.engine.defersSignatures = defers
        return pop
    }

    /// What goes out for packets of these sizes, signed in pairs if the engine leaves it to the caller.
    private static func sent(_ sizes: [Int], defers: Bool) throws -> [[UInt8]] {
        let pop = try Self.pop(defers: defers)
        let tid = CoreTests.tid(Plan.Tunnel.ayiya)
        var sent = sizes.map { size in
            pop.fromUplink(Packet.udp(Plan.internet, Plan.them(Plan.Tunnel.ayiya), size: size)).sent?.octets
                ?? []
        }
        guard defers else { return sent }
        for index in stride(from: 0, to: sent.count, by: 2) {
            var first = sent[index]
            var second = index + 1 < sent.count ? sent[index + 1] : []
            do {
                var firstSpan = first.mutableSpan
                var secondSpan = second.mutableSpan
                var firstBytes = firstSpan.mutableBytes
                var secondBytes = secondSpan.mutableBytes
                if secondBytes.byteCount > 0 {
                    pop.engine.sign(&firstBytes, of: tid, &secondBytes, of: tid)
                } else {
                    pop.engine.sign(&firstBytes, of: tid)
                }
            }
            sent[index] = first
            if index + 1 < sent.count { sent[index + 1] = second }
        }
        return sent
    }

    @Test func areTheSameAsThoseThatAreSignedAtOnce() throws {
        let sizes = [100, 1280, 60, 61, 1428]

        let deferred = try Self.sent(sizes, defers: true)

        #expect(deferred == (try Self.sent(sizes, defers: false)))
        #expect(deferred.allSatisfy { $0.count > 72 })
    }

    @Test func areNotThoseThatMayBeFragmented() throws {
        let pop = try Self.pop(defers: true)
        pop.engine.noteLinkMTU(1300, of: CoreTests.tid(Plan.Tunnel.ayiya), at: pop.now)

        let outcome = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(Plan.Tunnel.ayiya), size: 1280))

        #expect(outcome.spare != nil)
    }
}
