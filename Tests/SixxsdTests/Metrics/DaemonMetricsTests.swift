import Core
import HTTP
import Logging
import Synchronization
import TestSupport
import Testing
import Wire

@testable import sixxsd

@Suite("The daemon's metrics") struct DaemonMetricsTests {
    private static func router(_ bench: Bench, tellsTunnels: Bool = true) -> Router {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return MetricsServer.router(MetricsSource(bench.handler.context), tellsTunnels: tellsTunnels, logger)
    }

    private static func get(_ path: String, _ router: Router) async throws -> (status: Status, text: String) {
        let response = await router.respond(
            to: Request(method: "GET", target: try RequestTarget(parsing: path))
        )
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    @Test func sayWhatThePoPIsAndDoes() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        _ = try await bench.converse(
            Array("pop show version\nnonsense in pop\npop set id 1\npop set id 2\n".utf8)
        )

        let (status, text) = try await Self.get("/metrics", Self.router(bench))
        let series = ExpositionCheck.series(text)

        #expect(status == .ok)
        #expect(ExpositionCheck.problems(text) == [])
        #expect(series["sixxsd_build_info{version=\"\(Release.version)\"}"] == "1")
        #expect(series["sixxsd_pop_info{pop=\"detst01\",id=\"2\"}"] == "1")
        #expect(series["sixxsd_tunnels{type=\"direct\",state=\"disabled\"}"] == "1")
        #expect(series["sixxsd_tunnels{type=\"ayiya\",state=\"down\"}"] == "1")
        #expect(series["sixxsd_tunnels{type=\"heartbeat\",state=\"up\"}"] == "0")
        #expect(series["sixxsd_packets_total{worker=\"0\",verdict=\"forwarded\"}"] == "0")
        #expect(series["sixxsd_errors_total{kind=\"wrong_source_ipv6\"}"] == "0")
        #expect(series["sixxsd_configuration_changes_total{outcome=\"applied\"}"] == "1")
        #expect(series["sixxsd_configuration_changes_total{outcome=\"unchanged\"}"] == "1")
        #expect(series["sixxsd_standstill_seconds_count"] == "1")
        #expect(series["sixxsd_configuration_trial_seconds_left"] == nil)
        #expect(series["sixxsd_control_commands_total{code=\"200\"}"] != nil)
        #expect(series["sixxsd_control_commands_total{code=\"304\"}"] == "1")
        #expect(series["process_resident_memory_bytes"].flatMap { Int($0) } ?? 0 > 1 << 20)
        #expect(series["process_start_time_seconds"].flatMap { Double($0) } ?? 0 > 1_700_000_000)
        #expect(series["process_open_fds"].flatMap { Int($0) } ?? 0 > 2)
        #expect(series["sixxsd_peer_probes_total{peer=\"chtst01\",family=\"ipv6\"}"] != nil)
        let peer = "peer=\"chtst01\",family=\"ipv4\""
        #expect(series["sixxsd_peer_probe_rtt_seconds_bucket{\(peer),le=\"0.00025\"}"] == "0")
        #expect(series["sixxsd_peer_probe_rtt_seconds_bucket{\(peer),le=\"+Inf\"}"] == "0")
        #expect(series["sixxsd_peer_probe_rtt_seconds_count{\(peer)}"] == "0")
    }

    @Test func tellOfTunnelsWhereThatIsWanted() async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        let (status, text) = try await Self.get("/metrics/tunnels", Self.router(bench))
        let series = ExpositionCheck.series(text)

        #expect(status == .ok)
        #expect(ExpositionCheck.problems(text) == [])
        #expect(series["sixxsd_tunnel_up{tunnel=\"T5072\",type=\"ayiya\"}"] == "0")
        #expect(series["sixxsd_tunnel_up{tunnel=\"T4141\",type=\"direct\"}"] == "1")
        #expect(series["sixxsd_tunnel_receive_bytes_total{tunnel=\"T4141\",type=\"direct\"}"] == "0")
        let probed = "sixxsd_tunnel_probe_rtt_seconds_bucket{tunnel=\"T4141\",type=\"direct\",le="
        #expect(series.keys.count { $0.hasPrefix(probed) } == 17)
        #expect(
            series["sixxsd_tunnel_last_receive_timestamp_seconds{tunnel=\"T4141\",type=\"direct\"}"] == nil
        )
        #expect(
            try await Self.get("/metrics/tunnels", Self.router(bench, tellsTunnels: false)).status
                == .notFound
        )
    }

    @Test func areTheSameForAllWhoAskWithinASecond() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let offset = Mutex(Duration.zero)
        let start = ContinuousClock.now
        let source = MetricsSource(bench.handler.context) { start + offset.withLock { $0 } }

        let first = await source.figures()
        _ = try await bench.converse(Array("pop set id 2\n".utf8))
        let second = await source.figures()
        offset.withLock { $0 = .seconds(1) }
        let third = await source.figures()

        #expect(first.running.configuration.pop.id == 1)
        #expect(second.running.configuration.pop.id == 1)
        #expect(third.running.configuration.pop.id == 2)
    }

    @Test func errorsDoNotShrinkWhenATunnelIsRemoved() {
        var totals = ErrorTotals()

        #expect(totals.add([.clockOff: 5])[.clockOff] == 5)
        #expect(totals.add([.clockOff: 7, .wrongPayload: 1])[.clockOff] == 7)
        #expect(totals.add([.clockOff: 2])[.clockOff] == 7)
        #expect(totals.add([.clockOff: 3])[.clockOff] == 8)
        #expect(totals.add([:])[.wrongPayload] == 1)
    }

    @Test func kindsOfErrorsAreCalledByPlainNames() {
        let names = ErrorKind.allCases.map(\.metricName)

        #expect(Set(names).count == names.count)
        #expect(
            names.allSatisfy {
                $0.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f }
            }
        )
        #expect(ErrorKind.packetTooBig.metricName == "packet_too_big")
        #expect(ErrorKind.ayiyaNonAYIYA.metricName == "ayiya_non_ayiya")
        #expect(ErrorKind.icmpv4EchoRequest.metricName == "icmpv4_echo_request")
        #expect(ErrorKind.nonIPv6Payload.metricName == "non_ipv6_payload")
    }
}
