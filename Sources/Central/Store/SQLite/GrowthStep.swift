internal import Foundation
internal import GRDB
internal import Wire

/// What a tunnel's counters grew by until the last report of a step.
struct GrowthStep {
    /// How many reports may have come in a step, and how many steps one may reach back.
    static let reports: ClosedRange<Int64> = 0...Int64(Int32.max)

    private let number: Int64
    private let reportCount: Int
    private let up: Int
    private let span: Int

    /// In the order of ``SamplesSchema/tunnelCounters``.
    private let growth: [Tally]
    private let shortest: Double?
    private let longest: Double?
    private let roundTrips: RoundTrips?

    /// Nil for a row that holds what cannot be.
    init?(_ row: Row) {
        let growth = SamplesSchema.tunnelCounters.compactMap { row.tally($0) }
        guard growth.count == SamplesSchema.tunnelCounters.count,
            let reports = row.number("reports", in: Self.reports),
            let up = row.number("reportsUp", in: Self.reports),
            let span = row.number("span", in: Self.reports)
        else { return nil }
        self.number = row["number"]
        self.reportCount = reports
        self.up = up
        self.span = span
        self.growth = growth
        self.shortest = (row["shortest"] as Int64?).map { Double($0) / 1000 }
        self.longest = (row["longest"] as Int64?).map { Double($0) / 1000 }
        self.roundTrips = row.roundTrips
    }

    /// Adds up what steps grew by, from nothing at the report that the first has grown from.
    static func sums(of rows: [GrowthStep], _ step: SampleStep) -> [CounterStep] {
        guard let first = rows.first else { return [] }
        var sums = first.growth.map { _ in Tally.zero }
        // One that has grown from nothing known is only compared with.
        let base = GrowthStep(first.number - Int64(first.span))
        var steps = first.span > 0 ? [base.counters(sums, step)] : []
        for row in rows {
            sums = zip(sums, row.growth).map(+)
            steps.append(row.counters(sums, step))
        }
        return steps
    }

    /// Where counters begin: no report came.
    private init(_ number: Int64) {
        self.number = number
        (self.reportCount, self.up, self.span) = (0, 0, 0)
        self.growth = []
        (self.shortest, self.longest, self.roundTrips) = (nil, nil, nil)
    }

    private func counters(_ sums: [Tally], _ step: SampleStep) -> CounterStep {
        CounterStep(
            time: step.time(of: self.number),
            reports: self.reportCount,
            up: self.up,
            inPackets: sums[0],
            inBytes: sums[1],
            outPackets: sums[2],
            outBytes: sums[3],
            sent: sums[4],
            received: sums[5],
            latency: sums[6],
            shortest: self.shortest,
            longest: self.longest,
            roundTrips: self.roundTrips
        )
    }
}
