import Testing
import Wire

@Suite("A counted noun") struct CountedTests {
    @Test(arguments: [(0, "0 tunnels"), (1, "1 tunnel"), (2, "2 tunnels"), (1_000_000, "1000000 tunnels")])
    func hasItsNumber(_ count: Int, _ text: String) {
        #expect(count.counted("tunnel") == text)
    }

    @Test func mayHaveAnotherPlural() {
        #expect(UInt64(1).counted("entry", "entries") == "1 entry")
        #expect(UInt64(2).counted("entry", "entries") == "2 entries")
    }

    @Test func isAskedAboutBehindAnUnknownWord() {
        #expect(
            NearestWord.question(about: "tunel", among: ["pop", "tunnel"]) == ": did you mean \"tunnel\"?"
        )
        #expect(NearestWord.question(about: "reboot", among: ["pop", "tunnel"]).isEmpty)
    }
}
