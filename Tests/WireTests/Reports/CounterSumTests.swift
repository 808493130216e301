import TestSupport
import Testing
import Wire

@Suite("A sum over restarts") struct CounterSumTests {
    private static func sum(_ counted: Int64, _ offset: Int64) -> CounterSum {
        CounterSum(storedCount: counted, offset: offset)
    }

    // swift-format-ignore
    static let steps: [Row<(CounterSum, Tally?, Bool), CounterSum>] = [
        Row("more",               (Self.sum(5, 10), Tally(7), true),   is: Self.sum(7, 10)),
        Row("a restart",          (Self.sum(5, 10), Tally(7), false),  is: Self.sum(7, 15)),
        Row("less",               (Self.sum(5, 10), Tally(2), true),   is: Self.sum(2, 15)),
        Row("unknown",            (Self.sum(5, 10), nil, false),       is: Self.sum(5, 10)),
        Row("out of range",       (Self.sum(5, Tally.limit), Tally(7), true), is: Self.sum(7, 0)),
        Row("all but out",        (Self.sum(0, Tally.limit - 7), Tally(7), true), is: Self.sum(7, Tally.limit - 7)),
        Row("a stored extreme",   (Self.sum(.max, .min), Tally(7), true), is: Self.sum(7, 0)),
        Row("a stored negative",  (Self.sum(-1, 3), Tally(7), false),  is: Self.sum(7, 3)),
    ]

    @Test(arguments: Self.steps)
    func goesOn(_ row: Row<(CounterSum, Tally?, Bool), CounterSum>) {
        let (sum, value, isSameLife) = row.input
        let next = sum.following(value, isSameLife: isSameLife)

        #expect(next == row.output)
        #expect(next.total.value <= Tally.limit)
    }

    @Test func neverLeavesItsRangeHoweverOftenADaemonRestarts() {
        var sum = CounterSum.zero
        for _ in 0..<1000 {
            sum = sum.following(Tally(clamping: Tally.greatestReported), isSameLife: false)
            #expect((0...Tally.limit).contains(sum.counted.value + sum.offset.value))
        }
    }

    @Test func tallies() {
        #expect(Tally(-1) == nil)
        #expect(Tally(Tally.limit + 1) == nil)
        #expect(Tally(clamping: UInt64.max).value == Tally.limit)
        #expect(Tally(clamping: Int64.min) == .zero)
        #expect(Tally(clamping: 3).growth(since: Tally(clamping: 5)) == .zero)
        #expect((Tally(clamping: Int64.max) + Tally(clamping: Int64.max)).value == Tally.limit)
    }
}
