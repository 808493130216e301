import Testing

@testable import Core

/// Dates of readings of the monotonic clock.
@Suite("Timestamp")
struct TimestampTests {
    private static let second: UInt64 = 1_000_000_000

    @Test("An event has one date, whenever somebody asks")
    func anEventHasOneDate() {
        let event = 5 * Self.second + 300_000_000
        for passed in stride(from: UInt64(0), through: 3 * Self.second, by: 100_000_000) {
            // The date runs 0.8 s ahead of the monotonic clock's seconds.
            let date = 1_000 * Self.second + event + 800_000_000 + passed
            let now = Timestamp(
                monotonic: event + passed,
                unixTime: Int64(date / Self.second),
                nanosecond: UInt32(date % Self.second)
            )
            #expect(now.unixTime(of: event) == 1_006, "asked \(passed) ns later")
        }
    }

    @Test("What has not been yet has the present date")
    func whatHasNotBeenYet() {
        let now = Timestamp(monotonic: 5, unixTime: 1_000, nanosecond: 0)
        #expect(now.unixTime(of: 6) == 1_000)
        #expect(now.unixTime(of: 5) == 1_000)
        #expect(now.unixTime(of: 4) == 999)
    }
}
