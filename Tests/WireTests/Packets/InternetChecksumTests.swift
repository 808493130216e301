import TestSupport
import Testing
import Wire

@Suite("The internet checksum") struct InternetChecksumTests {
    private static func checksum(_ octets: [UInt8]) -> UInt16 {
        var checksum = InternetChecksum()
        checksum.add(octets.span.bytes)
        return checksum.value
    }

    // swift-format-ignore
    static let known: [Row<[UInt8], UInt16>] = [
        Row("nothing",                      [],                                  is: 0xffff),
        Row("RFC 1071 §3",                  octets("0001 f203 f4f5 f6f7"),       is: ~0xddf2),
        Row("one octet is the high one",    octets("ab"),                        is: ~0xab00),
        Row("zeros",                        octets("0000 0000"),                 is: 0xffff),
        Row("all ones",                     octets("ffff"),                      is: 0),
        Row("carry around the end",         octets("ffff 0001"),                 is: ~0x0001),
        Row("carry that carries again",     octets("ffff ffff ffff 0001"),       is: ~0x0001),
        Row("a header with its checksum",   octets("4500 0060 0000 4000 4001 4e61 c633 6407 c000 0201"), is: 0),
    ]

    @Test(arguments: Self.known)
    func isTheKnownOne(_ row: Row<[UInt8], UInt16>) {
        #expect(Self.checksum(row.input) == row.output)
        #expect(referenceChecksum(row.input) == row.output)
    }

    @Test func agreesWithTheReferenceForAnyLength() {
        var generator = SeededGenerator(seed: 1071)
        for length in Array(0...260) + [1279, 1280, 1500, 65534, 65535] {
            let octets = generator.octets(length)

            #expect(Self.checksum(octets) == referenceChecksum(octets), "\(length) octets")
        }
    }

    @Test func cannotOverflowOnTheLargestPacketOfOnes() {
        #expect(Self.checksum([UInt8](repeating: 0xff, count: 65536)) == 0)
    }

    @Test func isTheSameInPiecesOfEvenLength() {
        var generator = SeededGenerator(seed: 1072)
        let octets = generator.octets(101)
        for cut in stride(from: 0, through: 100, by: 2) {
            var checksum = InternetChecksum()
            checksum.add(octets.span.bytes.extracting(first: cut))
            checksum.add(octets.span.bytes.extracting(droppingFirst: cut))

            let value = checksum.value

            #expect(value == referenceChecksum(octets), "cut at \(cut)")
        }
    }

    @Test func countsAPseudoHeaderAsItsOctets() {
        var generator = SeededGenerator(seed: 8200)
        for _ in 0..<200 {
            let addresses = (generator.address(), generator.address())
            let length = Int.random(in: 0...70000, using: &generator)
            let nextHeader = UInt8.random(in: .min ... .max, using: &generator)
            var checksum = InternetChecksum()
            checksum.addPseudoHeader(
                source: addresses.0,
                destination: addresses.1,
                upperLayerLength: length,
                nextHeader: nextHeader
            )

            let value = checksum.value

            let octets = pseudoHeader(addresses.0, addresses.1, length: length, nextHeader: nextHeader)
            #expect(value == referenceChecksum(octets))
        }
    }

    @Test func addsAWordAsItsOctets() {
        var checksum = InternetChecksum()
        checksum.add(0xffff_8001)

        #expect(checksum.value == referenceChecksum(octets("ffff 8001")))
    }
}
