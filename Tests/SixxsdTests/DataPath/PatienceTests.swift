import Testing

@testable import sixxsd

@Suite("The worker's patience") struct PatienceTests {
    @Test func isNoneAtFirst() {
        #expect(Patience().budget == 0)
    }

    @Test func comesWithShortSleeps() {
        var patience = Patience()
        patience.noteSleep(Patience.longest - 1)
        #expect(patience.budget == Patience.longest)
    }

    @Test func doesNotComeWithLongSleeps() {
        var patience = Patience()
        patience.noteSleep(Patience.longest)
        #expect(patience.budget == 0)
    }

    @Test func endsWhenNothingComes() {
        var patience = Patience()
        patience.noteSleep(1000)
        for _ in 0..<16 { patience.noteLookInVain() }
        #expect(patience.budget == 0)
    }

    @Test func fadesWithLongSleeps() {
        var patience = Patience()
        patience.noteSleep(1000)
        for _ in 0..<16 { patience.noteSleep(200_000) }
        #expect(patience.budget == 0)
    }
}
