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
            _ = pop.engine.receiveFromUnderlay(
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

    /// What datagrams must be signed with, worked out together; nil for those that name no tunnel with a secret.
    private static func expected(_ packets: [OuterPacket]) -> [SHA1Digest?] {
        let pop = TestPoP()
        var signatures = DatagramSignatures()
        return Array(packets.map(\.payload).joined()).withUnsafeBytes { octets in
            var start = 0
            let indices: [Int?] = packets.map { packet in
                let range = start..<start + packet.payload.count
                start = range.upperBound
                let index = signatures.count
                let datagram = UnsafeRawBufferPointer(rebasing: octets[range])
                return pop.engine.addExpected(datagram, to: &signatures) ? index : nil
            }
            signatures.compute()
            return indices.map { $0.map { signatures.signature(at: $0) } }
        }
    }

    @Test func acceptWhatIsSignedSo() throws {
        let packets = (0..<DatagramSignatures.most).map {
            OuterPacket.ayiya(.noOperation, time: Plan.startTime + Int64($0))
        }
        let signatures = try Self.expected(packets).map { try #require($0) }

        for (index, packet) in packets.enumerated() {
            let another = signatures[(index + 1) % packets.count]
            let right = Self.fate(of: packet, expecting: signatures[index]).0
            let wrong = Self.fate(of: packet, expecting: another).0
            #expect(right.consumed == 1, "\(index)")
            #expect(wrong.dropped(because: .ayiyaHashMismatch) == 1, "\(index)")
        }
    }

    @Test func refuseWhatIsSignedByAnotherPassword() throws {
        let forged = OuterPacket.ayiya(.noOperation, password: "another")
        let signature = try #require(Self.expected([forged, OuterPacket.ayiya(.noOperation)])[0])

        #expect(Self.fate(of: forged, expecting: signature).0.dropped(because: .ayiyaHashMismatch) == 1)
    }

    @Test func areNoneOfWhatNamesNoTunnelWithASecret() {
        let good = OuterPacket.ayiya(.noOperation)
        let others = [
            OuterPacket.ayiya(.noOperation, tid: Plan.Tunnel.none),
            .ayiya(.noOperation, tid: Plan.Tunnel.fixed),
            .ayiya(.noOperation, tid: Plan.Tunnel.disabledDynamic),
            .ayiyaPort([1, 2, 3], from: Plan.home),
        ]

        let signatures = Self.expected(others + [good])

        #expect(signatures.map { $0 == nil } == [true, true, true, true, false])
    }
}
