import Testing

@testable import LinuxIO

@Suite("Datagrams that leave as one message")
struct UDPSegmentBatchTests {
    /// How many datagrams of these lengths leave as the first message.
    private static func first(of lengths: [Int]) -> Int {
        var run = UDPSegmentBatch(length: lengths[0])
        for length in lengths.dropFirst() {
            guard run.takes(length: length) else { break }
        }
        return run.count
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let lengths: [Int]
        let count: Int
    }

    // swift-format-ignore
    static let cases = [
        Case(testDescription: "one", lengths: [1472], count: 1),
        Case(testDescription: "alike", lengths: [1472, 1472, 1472], count: 3),
        Case(testDescription: "a shorter one at the end", lengths: [1472, 1472, 100, 100], count: 3),
        Case(testDescription: "a longer one", lengths: [1472, 1473], count: 1),
        Case(testDescription: "an empty one", lengths: [1472, 0], count: 1),
        Case(testDescription: "64", lengths: Array(repeating: 100, count: 70), count: 64),
        Case(testDescription: "65,000 octets", lengths: Array(repeating: 1300, count: 60), count: 50),
        Case(testDescription: "64,999 octets and two", lengths: [32_500, 32_499, 1], count: 2),
        Case(testDescription: "longer than the limit", lengths: [65_001, 1], count: 1),
    ]

    @Test(arguments: cases)
    func takes(_ example: Case) {
        #expect(Self.first(of: example.lengths) == example.count)
    }

    @Test func knowsTheLengthOfEachButTheLast() {
        var run = UDPSegmentBatch(length: 1472)
        let isTaken = run.takes(length: 100)
        #expect(isTaken)
        #expect(run.segmentSize == 1472)
    }
}
