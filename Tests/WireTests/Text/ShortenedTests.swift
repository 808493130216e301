import Testing
import Wire

@Suite("A text is cut")
struct ShortenedTests {
    @Test(arguments: [
        ("", 3, ""), ("abc", 3, "abc"), ("abcd", 3, "…"), ("abcde", 4, "a…"), ("äöü", 6, "äöü"),
        ("äöüx", 6, "ä…"), ("e\u{301}\u{301}\u{301}\u{301}", 6, "e\u{301}…"),
    ])
    func whereItIsLongerThanWanted(_ text: String, _ limit: Int, _ cut: String) {
        #expect(Array(text.shortened(to: limit).unicodeScalars) == Array(cut.unicodeScalars))
        #expect(text.shortened(to: limit).utf8.count <= max(limit, 3))
    }

    @Test func inItsCharactersToo() {
        // One character, however long.
        let text = "e" + String(repeating: "\u{301}", count: 100_000)
        #expect(text.count == 1)
        #expect(text.shortened(to: 100).utf8.count <= 100)
    }
}
