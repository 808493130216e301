import Core
import Testing
import Wire

@Suite("Signatures that were worked out beforehand") struct ExpectedSignatureTests {
    private static func fate(
        of packet: OuterPacket,
        expecting signature: SHA1Digest?
    ) -> (Accounting, TestPoP) {
        let pop = TestPoP()
        var slot = [UInt8](repeating: 0, count: PacketBuffer.headroom) + packet.payload
        var spareSlot = slot
        do {
            var span = slot.mutableSpan
            var spareSpan = spareSlot.mutableSpan
            let start = PacketBuffer.headroom
            var buffer = PacketBuffer(span.mutableBytes, range: start..<start + packet.payload.count)
            var spare = PacketBuffer(spareSpan.mutableBytes, range: start..<start)
            let outer = OuterHeader(path: packet.path, trafficClass: 0)
            _ = pop.engine.receiveFromOutside(
                &buffer,
                spare: &spare,
                as: .ayiya,
                outer,
                expecting: signature,
                at: pop.now
            )
        }
        return (pop.engine.accounting, pop)
    }

    private static func expected(_ first: OuterPacket, _ second: OuterPacket) -> (SHA1Digest, SHA1Digest)? {
        let pop = TestPoP()
        return pop.engine.expectedSignatures(of: first.payload.span.bytes, second.payload.span.bytes)
    }

    @Test func acceptWhatIsSignedSo() throws {
        let (first, second) = (
            OuterPacket.ayiya(.noOperation), OuterPacket.ayiya(.noOperation, time: Plan.startTime + 1)
        )
        let signatures = try #require(Self.expected(first, second))

        #expect(Self.fate(of: first, expecting: signatures.0).0.consumed == 1)
        #expect(Self.fate(of: second, expecting: signatures.1).0.consumed == 1)
        #expect(Self.fate(of: first, expecting: signatures.1).0.dropped(because: .ayiyaHashMismatch) == 1)
    }

    @Test func refuseWhatIsSignedByAnotherPassword() throws {
        let forged = OuterPacket.ayiya(.noOperation, password: "another")
        let signatures = try #require(Self.expected(forged, OuterPacket.ayiya(.noOperation)))

        #expect(Self.fate(of: forged, expecting: signatures.0).0.dropped(because: .ayiyaHashMismatch) == 1)
    }

    @Test func areNoneOfWhatNamesNoTunnelWithASecret() {
        let good = OuterPacket.ayiya(.noOperation)
        #expect(Self.expected(good, .ayiya(.noOperation, tid: Plan.Tunnel.none)) == nil)
        #expect(Self.expected(.ayiya(.noOperation, tid: Plan.Tunnel.fixed), good) == nil)
        #expect(Self.expected(good, .ayiya(.noOperation, tid: Plan.Tunnel.disabledDynamic)) == nil)
        #expect(Self.expected(.ayiyaPort([1, 2, 3], from: Plan.home), good) == nil)
    }
}
