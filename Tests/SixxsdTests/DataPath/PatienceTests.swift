import Testing

@testable import sixxsd

@Suite("The worker's patience") struct PatienceTests {
    private static let longest = DataPathOptions().longestLook

    @Test func isNoneAtFirst() {
        #expect(Patience(longest: Self.longest).budget == 0)
    }

    @Test(arguments: [1000, longest, 1_000_000])
    func isGivenAfterAShortSleep(_ longest: UInt64) {
        var patience = Patience(longest: longest)
        patience.noteSleep(longest - 1)
        #expect(patience.budget == longest)
    }

    @Test(arguments: [0, 1000, longest, 1_000_000])
    func isNotGivenAfterALongOne(_ longest: UInt64) {
        var patience = Patience(longest: longest)
        patience.noteSleep(longest)
        #expect(patience.budget == 0)
    }

    @Test func isNeverGivenWhereNoLookIsAllowed() {
        var patience = Patience(longest: 0)
        for sleep: UInt64 in [0, 1, 1000] {
            patience.noteSleep(sleep)
            #expect(patience.budget == 0)
        }
    }

    @Test(arguments: [longest, 1_000_000])
    func halvesWithEachLookInVainUntilItEnds(_ longest: UInt64) {
        var patience = Patience(longest: longest)
        patience.noteSleep(0)
        patience.noteLookInVain()
        #expect(patience.budget == longest / 2)
        for _ in 0..<20 { patience.noteLookInVain() }
        #expect(patience.budget == 0)
    }

    @Test func endsWithLongSleeps() {
        var patience = Patience(longest: Self.longest)
        patience.noteSleep(1000)
        for _ in 0..<16 { patience.noteSleep(200_000) }
        #expect(patience.budget == 0)
    }

    @Test func isAsLongAsTheOptionsSay() {
        #expect(DataPathOptions().longestLook == 5000)
        #expect(DataPathOptions(busyPoll: 0).longestLook == 0)
        #expect(DataPathOptions(busyPoll: DataPathOptions.longestBusyPoll).longestLook == 1_000_000)
        #expect(DataPathOptions(batchSize: 1).longestLook == 0, "which others are compared with")
    }
}
