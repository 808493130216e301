import Testing

@testable import Wire

@Suite("The nearest word")
struct NearestWordTests {
    private static let words = ["tunnel", "user", "pop", "prefix", "subnet", "status", "stats"]

    @Test(
        arguments: [
            ("tunel", "tunnel"), ("tunnels", "tunnel"), ("utnnel", "tunnel"), ("statsu", "stats"),
            ("USER", "user"),
            ("pops", "pop"), ("prefxi", "prefix"), ("nothing", nil), ("", nil), ("po", "pop"), ("px", nil),
            ("xxx", nil),
        ] as [(String, String?)]
    )
    func isFound(_ word: String, _ expected: String?) {
        #expect(NearestWord.of(word, among: Self.words) == expected)
    }
}
