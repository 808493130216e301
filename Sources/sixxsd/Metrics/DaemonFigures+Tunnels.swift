import Core
import HTTP
import Wire

extension DaemonFigures {
    /// What `/metrics/tunnels` answers: every tunnel's own figures.
    var tunnelText: [UInt8] {
        let rows = self.table.rows.map { row in
            (labels: ["tunnel": "\(row.settings.number)", "type": row.type] as Exposition.Labels, row: row)
        }
        var exposition = Exposition()
        exposition.family("sixxsd_tunnel_up", .gauge, "Whether the tunnel is up.") { samples in
            for (labels, row) in rows { samples.add(labels, row.snapshot.condition == .up) }
        }
        self.writeTraffic(of: rows, to: &exposition)
        self.writeProbes(of: rows, to: &exposition)
        exposition.family(
            "sixxsd_tunnel_last_receive_timestamp_seconds",
            .gauge,
            "When the last packet came from the user, in seconds since 1970; absent when none did."
        ) { samples in
            for (labels, row) in rows {
                if let time = row.snapshot.lastTimes.ingress { samples.add(labels, time) }
            }
        }
        exposition.family("sixxsd_tunnel_errors_total", .counter, "Errors of the tunnel that occurred.") {
            samples in
            for (_, row) in rows {
                for (kind, count) in row.snapshot.errors {
                    let labels: Exposition.Labels = [
                        "tunnel": "\(row.settings.number)", "type": row.type, "kind": kind.metricName,
                    ]
                    samples.add(labels, count)
                }
            }
        }
        return exposition.octets
    }

    private typealias Rows = [(labels: Exposition.Labels, row: TunnelReport.Row)]

    private func writeTraffic(of rows: Rows, to exposition: inout Exposition) {
        exposition.family("sixxsd_tunnel_receive_bytes_total", .counter, "Octets from the user.") { samples in
            for (labels, row) in rows { samples.add(labels, row.snapshot.traffic.ingress.octets) }
        }
        exposition.family("sixxsd_tunnel_receive_packets_total", .counter, "Packets from the user.") {
            samples in
            for (labels, row) in rows { samples.add(labels, row.snapshot.traffic.ingress.packets) }
        }
        exposition.family("sixxsd_tunnel_transmit_bytes_total", .counter, "Octets to the user.") { samples in
            for (labels, row) in rows { samples.add(labels, row.snapshot.traffic.egress.octets) }
        }
        exposition.family("sixxsd_tunnel_transmit_packets_total", .counter, "Packets to the user.") {
            samples in
            for (labels, row) in rows { samples.add(labels, row.snapshot.traffic.egress.packets) }
        }
    }

    private func writeProbes(of rows: Rows, to exposition: inout Exposition) {
        exposition.family("sixxsd_tunnel_probes_total", .counter, "Probes that were sent.") { samples in
            for (labels, row) in rows { samples.add(labels, row.snapshot.latency.sent) }
        }
        exposition.family("sixxsd_tunnel_probes_answered_total", .counter, "Probes that were answered.") {
            samples in
            for (labels, row) in rows { samples.add(labels, row.snapshot.latency.received) }
        }
        exposition.family("sixxsd_tunnel_probe_rtt_seconds", .histogram, "Round trips to the user's end.") {
            samples in
            // Nineteen lines, which a tunnel that is not probed does without.
            for (labels, row) in rows where row.snapshot.condition != .disabled {
                samples.add(labels, row.snapshot.roundTrips, microseconds: row.snapshot.latency.sum)
            }
        }
    }
}
