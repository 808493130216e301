import Central
import Foundation
import Wire

/// What it costs the centre to store the samples of a round.
///
///     sixxs-central-bench [ROUNDS [POPS [TUNNELS]]]
///
/// prints the seconds and the CPU seconds of the cheapest round but the first, which finds an empty store.
@main
enum CentralBenchmark {
    private static let begin = 1_800_000_000

    static func main() async throws {
        let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let (rounds, pops, tunnels) = (
            numbers.first ?? 4, numbers.dropFirst().first ?? 50, numbers.dropFirst(2).first ?? 1000
        )
        let folder = FileManager.default.temporaryDirectory.appending(path: "sixxs-central-bench.\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try StoreLocation(folder.appending(path: "central.db").path).make().store
        var costs: [(seconds: Double, cpu: Double)] = []
        for round in 0..<max(2, rounds) {
            let reports = try (1...pops).map { try Self.report($0, tunnels: tunnels, round: round) }
            let (started, spent) = (ContinuousClock.now, Self.cpuSeconds())
            for (index, report) in reports.enumerated() {
                let time = Date(timeIntervalSince1970: Double(Self.begin + round * 600))
                _ = try await store.samples.record(report, of: index + 1, at: time)
            }
            let seconds = ContinuousClock.now - started
            costs.append(
                (
                    Double(seconds.components.seconds) + Double(seconds.components.attoseconds) / 1e18,
                    Self.cpuSeconds() - spent
                )
            )
        }
        let least = costs.dropFirst().min { $0.cpu < $1.cpu } ?? (0, 0)
        print(
            "\(pops) PoPs, \(pops * tunnels) tunnels: \(Self.text(least.seconds)) s, \(Self.text(least.cpu)) s of CPU"
        )
    }

    private static func text(_ seconds: Double) -> String { String(format: "%.2f", seconds) }

    private static func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// A report of one PoP, in the round of a number: each tunnel moved a million octets and had ten answers since the one before.
    private static func report(_ pop: Int, tunnels: Int, round: Int) throws -> ReceivedReport {
        let numbers = (0..<tunnels).map { (pop - 1) * tunnels + $0 + 1 }
        let count = 10 * (round + 1)
        let buckets = (0..<17).map { $0 < 6 ? 0 : $0 == 6 ? count / 2 : count }.map(String.init).joined(
            separator: ","
        )
        let rows = numbers.enumerated().map { index, number in
            """
            {"tunnel":"T\(number)","tid":"\(String(index, radix: 16))","state":"up","type":"ayiya","endpoint":"198.51.100.7:5072",\
            "mtu":1428,"inPackets":\(count * 100),"inBytes":\(count * 100_000 + index),"outPackets":\(count * 200),\
            "outBytes":\(count * 300_000),"latency":{"sent":\(count),"received":\(count),"lossPercent":0,"minMs":12.5,\
            "avgMs":22.25,"maxMs":31.5,"buckets":[\(buckets)]},"errors":{}}
            """
        }
        let text = """
            {"instance":"\(String(repeating: "ab", count: 16))","version":"0.2.0","uptime":\(3600 + round * 600),"hostUptime":99999,\
            "time":\(Self.begin + round * 600),"pop":{"id":\(pop),"name":"chtst01"},"generation":1,\
            "digest":"\(String(repeating: "0f", count: 32))","totals":{"online":\(tunnels),"active":\(tunnels),\
            "configured":\(tunnels),"rxPackets":\(count),"rxBytes":\(count),"txPackets":\(count),"txBytes":\(count)},\
            "tunnels":[\(rows.joined(separator: ","))]}
            """
        let expectation = ReportExpectation(
            popID: pop,
            popName: "chtst01",
            tunnels: Set(numbers.compactMap { UInt32(exactly: $0).flatMap(TunnelNumber.init(rawValue:)) }),
            now: Int64(Self.begin + round * 600)
        )
        return try ReceivedReport(parsing: Array(text.utf8), expecting: expectation)
    }
}
