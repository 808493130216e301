import Testing

@testable import LinuxIO

@Suite("A secret that is typed")
struct SecretLineTests {
    // swift-format-ignore
    static let lines: [(keys: String, octets: String, ending: SecretLine.Ending?)] = [
        ("abc\n", "abc", .complete), ("abc\r", "abc", .complete), ("abc", "abc", nil), ("\n", "", .complete),
        ("ab\u{7f}c\n", "ac", .complete), ("a\u{8}\u{8}\u{8}b\n", "b", .complete), ("abc\u{15}d\n", "d", .complete),
        ("aé\u{7f}b\n", "ab", .complete), ("ab\u{3}", "ab", .interrupted), ("\u{1c}", "", .interrupted),
        ("\u{4}", "", .abandoned), ("ab\u{4}", "ab", .complete), ("123456789\n", "12345678", .complete),
    ]

    @Test(arguments: lines)
    func isWhatItsKeysMakeIt(_ row: (keys: String, octets: String, ending: SecretLine.Ending?)) {
        var line = SecretLine(most: 8)
        for key in row.keys.utf8 { line.take(key) }
        #expect(String(decoding: line.octets, as: UTF8.self) == row.octets && line.ending == row.ending)
    }
}
