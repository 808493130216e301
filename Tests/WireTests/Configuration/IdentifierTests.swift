import TestSupport
import Testing
import Wire

@Suite("A tid") struct TIDTests {
    // swift-format-ignore
    static let good: [Row<String, UInt16>] = [
        Row("lowest",       "0",    is: 0),
        Row("highest",      "1fff", is: 0x1fff),
        Row("upper case",   "1FFF", is: 0x1fff),
        Row("leading zeros", "000a", is: 10),
    ]

    @Test(arguments: Self.good)
    func isHexadecimal(_ row: Row<String, UInt16>) throws {
        let tid = try TID(parsing: row.input)

        #expect(tid.rawValue == row.output)
        #expect(tid.description == String(row.output, radix: 16))
    }

    @Test(arguments: ["", "2000", "ffff", "00001", "0x1", "-1", "+1", "g", " 1", "1 ", "١"])
    func isRefused(_ text: String) {
        #expect(throws: SyntaxError.self) { try TID(parsing: text) }
    }

    @Test func isBelowItsCapacity() {
        #expect(TID(rawValue: 0x1fff) != nil)
        #expect(TID(rawValue: 0x2000) == nil)
        #expect(TID.capacity == 8192)
    }
}

@Suite("A tunnel number") struct TunnelNumberTests {
    @Test(arguments: ["T1", "T5072", "T4294967295"])
    func isDecimalBehindAT(_ text: String) throws {
        #expect(try TunnelNumber(parsing: text).description == text)
        #expect(try TunnelNumber(parsing: text.lowercased()).description == text)
    }

    @Test(arguments: [
        "", "T", "5072", "T0", "T01", "T+1", "T-1", "T4294967296", "TT1", "T1 ", " T1", "X1", "T\u{301}1",
    ])
    func isRefused(_ text: String) {
        #expect(throws: SyntaxError.self) { try TunnelNumber(parsing: text) }
    }
}
