import Testing

@testable import sixxsd

@Suite("The worker's busyPoll") struct BusyPollBudgetTests {
    private static let longest = DataPathOptions().longestLook

    @Test func isNoneAtFirst() {
        #expect(BusyPollBudget(longest: Self.longest).budget == 0)
    }

    @Test(arguments: [1000, longest, 1_000_000])
    func isGivenAfterAShortSleep(_ longest: UInt64) {
        var busyPoll = BusyPollBudget(longest: longest)
        busyPoll.noteSleep(longest - 1)
        #expect(busyPoll.budget == longest)
    }

    @Test(arguments: [0, 1000, longest, 1_000_000])
    func isNotGivenAfterALongOne(_ longest: UInt64) {
        var busyPoll = BusyPollBudget(longest: longest)
        busyPoll.noteSleep(longest)
        #expect(busyPoll.budget == 0)
    }

    @Test func isNeverGivenWhereNoLookIsAllowed() {
        var busyPoll = BusyPollBudget(longest: 0)
        for sleep: UInt64 in [0, 1, 1000] {
            busyPoll.noteSleep(sleep)
            #expect(busyPoll.budget == 0)
        }
    }

    @Test(arguments: [longest, 1_000_000])
    func halvesWithEachLookInVainUntilItEnds(_ longest: UInt64) {
        var busyPoll = BusyPollBudget(longest: longest)
        busyPoll.noteSleep(0)
        busyPoll.noteLookInVain()
        #expect(busyPoll.budget == longest / 2)
        for _ in 0..<20 { busyPoll.noteLookInVain() }
        #expect(busyPoll.budget == 0)
    }

    @Test func endsWithLongSleeps() {
        var busyPoll = BusyPollBudget(longest: Self.longest)
        busyPoll.noteSleep(1000)
        for _ in 0..<16 { busyPoll.noteSleep(200_000) }
        #expect(busyPoll.budget == 0)
    }

    @Test func isAsLongAsTheOptionsSay() {
        #expect(DataPathOptions().longestLook == 5000)
        #expect(DataPathOptions(busyPoll: 0).longestLook == 0)
        #expect(DataPathOptions(busyPoll: DataPathOptions.longestBusyPoll).longestLook == 1_000_000)
        #expect(DataPathOptions(batchSize: 1).longestLook == 0, "which others are compared with")
    }
}
