internal import Foundation
internal import GRDB
internal import Wire

// What daemons counted, for those who ask afterwards.
extension SQLiteSamples {
    /// The steps of a tunnel since a time, and the one before them; those that hold what cannot be are left out.
    func steps(of tunnel: TunnelNumber, since: Date) async throws -> [CounterStep] {
        let now = self.store.now()
        let step = SampleStep(reachingBack: since, from: now)
        let arguments: StatementArguments = [
            "step": step.code, "tunnel": Int64(tunnel.rawValue), "from": step.number(of: since),
            // What a clock that was ahead stamped is not yet to be shown.
            "to": step.number(of: now),
        ]
        let rows = try await self.readingSamples { database in
            try Row.fetchAll(database, sql: StepQuery.ofTunnel, arguments: arguments).compactMap(
                GrowthStep.init
            )
        }
        let start = step.start(of: since)
        return GrowthStep.sums(of: rows, step).beginning(at: start.addingTimeInterval(-Double(step.rawValue)))
    }

    /// The steps of a PoP since a time, and the one before them.
    func steps(ofPoP popID: Int, since: Date) async throws -> [CounterStep] {
        let step = SampleStep(reachingBack: since, from: self.store.now())
        return try await self.rows(Int64(popID), step, since) { row in
            guard let inPackets = row.tally("txPackets"), let inBytes = row.tally("txBytes"),
                let outPackets = row.tally("rxPackets"), let outBytes = row.tally("rxBytes"),
                let reports = row.number("reports", in: GrowthStep.reports),
                let up = row.number("online", in: SamplesSchema.tunnels), let sent = row.tally("sent"),
                let received = row.tally("received"), let latency = row.tally("latencyMicroseconds")
            else { return nil }
            return CounterStep(
                time: Date(milliseconds: row["time"]),
                reports: reports,
                up: up,
                inPackets: inPackets,
                inBytes: inBytes,
                outPackets: outPackets,
                outBytes: outBytes,
                sent: sent,
                received: received,
                latency: latency,
                roundTrips: row.roundTrips
            )
        }.addingUpProbes()
    }

    /// What all PoPs together moved since a time, in octets, to the precision of a step.
    func traffic(since: Date) async throws -> (fromUplink: Tally, toUplink: Tally) {
        var (fromUplink, toUplink) = (Tally.zero, Tally.zero)
        for popID in try await self.latestSamples().keys {
            let steps = try await self.steps(ofPoP: popID, since: since)
            guard let first = steps.first, let last = steps.last else { continue }
            fromUplink = fromUplink + last.outBytes.growth(since: first.outBytes)
            toUplink = toUplink + last.inBytes.growth(since: first.inBytes)
        }
        return (fromUplink, toUplink)
    }

    private static let popSteps = """
        SELECT * FROM popStep WHERE seconds = :seconds AND popID = :key AND time >= coalesce(
            (SELECT max(time) FROM popStep WHERE seconds = :seconds AND popID = :key AND time < :since), :since)
            AND time <= :now
        ORDER BY time
        """

    private func rows(
        _ key: Int64,
        _ step: SampleStep,
        _ since: Date,
        _ make: @escaping @Sendable (Row) -> CounterStep?
    ) async throws -> [CounterStep] {
        let start = step.start(of: since)
        let arguments: StatementArguments = [
            "seconds": step.rawValue, "key": key, "since": start.milliseconds,
            // What a clock that was ahead stamped is not yet to be shown.
            "now": self.store.now().milliseconds,
        ]
        let steps = try await SQLiteStore.translating {
            try await self.store.sampleFile.read { database in
                try Row.fetchAll(database, sql: Self.popSteps, arguments: arguments).compactMap(make)
            }
        }
        return steps.beginning(at: start.addingTimeInterval(-Double(step.rawValue)))
    }
}
