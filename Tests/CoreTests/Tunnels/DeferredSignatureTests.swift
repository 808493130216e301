import Testing
import Wire

@testable import Core

@Suite("Datagrams that are signed later") struct DeferredSignatureTests {
    private static func pop(defers: Bool) throws -> TestPoP {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))
        pop.engine.defersSignatures = defers
        return pop
    }

    /// What goes out for packets of these sizes, signed together if the engine leaves it to the caller.
    private static func sent(_ sizes: [Int], defers: Bool) throws -> [[UInt8]] {
        let pop = try Self.pop(defers: defers)
        let sent = sizes.map { size in
            pop.fromUplink(Packet.udp(Plan.internet, Plan.them(Plan.Tunnel.ayiya), size: size)).sent?.octets
                ?? []
        }
        return defers ? Self.signed(sent, by: pop) : sent
    }

    private static func signed(_ packets: [[UInt8]], by pop: TestPoP) -> [[UInt8]] {
        var signatures = DatagramSignatures()
        var octets = Array(packets.joined())
        return octets.withUnsafeMutableBytes { octets in
            var parts: [UnsafeRawBufferPointer] = []
            var start = 0
            for packet in packets {
                let part = UnsafeRawBufferPointer(rebasing: octets[start..<start + packet.count])
                #expect(pop.engine.add(part, of: CoreTests.tid(Plan.Tunnel.ayiya), to: &signatures))
                parts.append(part)
                start += packet.count
            }
            signatures.sign()
            #expect(signatures.count == 0)
            return parts.map { Array($0) }
        }
    }

    @Test func areTheSameAsThoseThatAreSignedAtOnce() throws {
        let sizes = [100, 1280, 60, 61, 1428]

        let deferred = try Self.sent(sizes, defers: true)

        #expect(deferred == (try Self.sent(sizes, defers: false)))
        #expect(deferred.allSatisfy { $0.count > 72 })
    }

    @Test func areNotMadeWhereThereIsNoSecret() throws {
        let pop = try Self.pop(defers: true)
        var signatures = DatagramSignatures()

        [UInt8](repeating: 0, count: 200).withUnsafeBytes { octets in
            #expect(!pop.engine.add(octets, of: CoreTests.tid(Plan.Tunnel.fixed), to: &signatures))
            let short = UnsafeRawBufferPointer(rebasing: octets[..<71])
            #expect(!pop.engine.add(short, of: CoreTests.tid(Plan.Tunnel.ayiya), to: &signatures))
        }

        #expect(signatures.count == 0)
    }

    @Test func areNotThoseThatMayBeFragmented() throws {
        let pop = try Self.pop(defers: true)
        pop.engine.noteLinkMTU(1300, of: CoreTests.tid(Plan.Tunnel.ayiya), at: pop.now)

        let outcome = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(Plan.Tunnel.ayiya), size: 1280))

        #expect(outcome.spare != nil)
    }
}
