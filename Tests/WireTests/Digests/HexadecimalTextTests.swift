import Testing
import Wire

@Suite("Octets as hexadecimal text")
struct HexadecimalTextTests {
    @Test(arguments: [[], [0], [0xff, 0x00, 0x0a], Array(0...255)] as [[UInt8]])
    func isReadAsItWasWritten(_ octets: [UInt8]) {
        let text = octets.hexadecimalText
        #expect(text.utf8.count == 2 * octets.count)
        #expect([UInt8](hexadecimalText: text.utf8) == octets)
    }

    @Test(arguments: ["0", "000", "0g", "g0", "AB", "aB", " 0", "0x", "é"])
    func refusesWhatItDoesNotWrite(_ text: String) {
        #expect([UInt8](hexadecimalText: text.utf8) == nil)
    }

    @Test func comparesAllOctetsAndTheirNumber() {
        let secret: [UInt8] = [1, 2, 3]
        #expect(secret.isEqualInConstantTime(to: [1, 2, 3]))
        for other in [[], [1, 2], [1, 2, 3, 0], [0, 2, 3], [1, 2, 2], [1, 3, 3]] as [[UInt8]] {
            #expect(!secret.isEqualInConstantTime(to: other), "\(other)")
        }
    }
}
