import Foundation
import GRDB
import Testing
import Wire

@testable import Central

@Suite("What samples take on the disk")
struct StoredSizeTests {
    /// How many steps of a tunnel are kept after a year: two days of ten minutes, six weeks of hours, a year of days.
    private static let steps = 2 * 144 + 42 * 24 + 365

    /// Octets that a row takes, from a model.
    ///
    /// PoPs with as many tunnels each, whose numbers lie mixed, report one after the other, each time in another order. A tunnel moves
    /// 1 kbit/s to 10 Mbit/s, and its probe is answered each minute.
    private static func octetsPerRow(
        _ step: SampleStep,
        pops: Int,
        tunnels: Int,
        rounds: Int
    ) throws -> Double {
        let folder = try TemporaryFolder()
        let queue = try DatabaseQueue(path: folder.path("samples.db"))
        try Migrations.samples.migrate(queue)
        let empty = try queue.read { try Self.size($0) }
        var random = SystemRandomNumberGenerator()
        let count = UInt32(pops * tunnels)
        let owners = (1...count).shuffled(using: &random)
        for round in 0..<rounds {
            for pop in (0..<pops).shuffled(using: &random) {
                try queue.write { database in
                    let sql = "INSERT INTO tunnelStep VALUES (\(SampleWriter.marks(16)))"
                    let statement = try database.cachedStatement(sql: sql)
                    for tunnel in owners[pop * tunnels..<(pop + 1) * tunnels].sorted() {
                        let seconds = Double(step.rawValue)
                        let octets = Int64(pow(10, Double.random(in: 3...7, using: &random)) * seconds / 8)
                        let answers = Int64(step.rawValue / 60)
                        let reports = Int64(step.rawValue / 600)
                        let latency = answers * Int64.random(in: 1000...40_000, using: &random)
                        try statement.execute(arguments: [
                            step.code,
                            step.number(of: Date(timeIntervalSince1970: 1_800_000_000)) + Int64(round),
                            Int64(tunnel), reports, reports, 1, octets / 600, octets, octets / 300,
                            3 * octets, answers,
                            answers, latency, nil, nil,
                            Data(Self.roundTrips(answers, latency / answers, &random).packed),
                        ])
                    }
                }
            }
        }
        let full = try queue.read { try Self.size($0) }
        return Double(full - empty) / Double(count) / Double(rounds)
    }

    /// Round trips around a mean, in microseconds.
    private static func roundTrips(
        _ count: Int64,
        _ mean: Int64,
        _ random: inout SystemRandomNumberGenerator
    ) -> RoundTrips {
        var roundTrips = RoundTrips()
        for _ in 0..<count {
            roundTrips.count(
                microseconds: UInt64(Double(mean) * Double.random(in: 0.7...1.6, using: &random))
            )
        }
        return roundTrips
    }

    private static func size(_ database: Database) throws -> Int {
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        return pages * (try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0)
    }

    /// A year of 50,000 tunnels: under 7 GB.
    @Test func isLessThanSevenGigabytesAYear() throws {
        #expect(Self.steps == 1661)
        let kept: [(SampleStep, Int)] = [(.tenMinutes, 288), (.hour, 1008), (.day, 365)]
        let octets = try kept.reduce(0.0) { sum, row in
            sum + Double(row.1) * (try Self.octetsPerRow(row.0, pops: 20, tunnels: 50, rounds: 10))
        }

        let gigabytes = octets * 50_000 / 1e9

        #expect((3..<7).contains(gigabytes), "\(gigabytes) GB")
        print("a year of 50,000 tunnels takes \((gigabytes * 10).rounded() / 10) GB")
    }
}
