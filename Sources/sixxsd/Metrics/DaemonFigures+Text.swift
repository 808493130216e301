import Core
import Foundation
import HTTP
import Wire

extension DaemonFigures {
    /// What `/metrics` answers.
    var text: [UInt8] {
        var exposition = Exposition()
        self.writeIdentity(to: &exposition)
        self.process.write(to: &exposition)
        self.writeTunnelCounts(to: &exposition)
        self.writeTraffic(to: &exposition)
        self.writeConfiguration(to: &exposition)
        self.writePeers(to: &exposition)
        self.writeControl(to: &exposition)
        return exposition.octets
    }

    private func writeIdentity(to exposition: inout Exposition) {
        exposition.family("sixxsd_build_info", .gauge, "The daemon's version.") {
            $0.add(["version": Release.version], 1)
        }
        exposition.family("sixxsd_pop_info", .gauge, "Which PoP the daemon is.") { samples in
            guard let pop = self.running.configuration.pop.ownDetails else { return }
            samples.add(["pop": pop.name, "id": "\(pop.id)"], 1)
        }
    }

    private func writeTunnelCounts(to exposition: inout Exposition) {
        var counts: [String: Int] = [:]
        for row in self.table.rows { counts["\(row.type) \(row.snapshot.condition)", default: 0] += 1 }
        exposition.family("sixxsd_tunnels", .gauge, "Tunnels that are configured.") { samples in
            for type in TunnelReport.types {
                for state in ["up", "down", "disabled"] {
                    samples.add(["type": type, "state": state], counts["\(type) \(state)"] ?? 0)
                }
            }
        }
        exposition.family("sixxsd_tunnels_active", .gauge, "Tunnels with a packet in the last 15 minutes.") {
            $0.add(TunnelReport.Counts(self.table.rows).active)
        }
    }

    private func writeTraffic(to exposition: inout Exposition) {
        let traffic = self.table.uplink.traffic
        exposition.family("sixxsd_uplink_receive_bytes_total", .counter, "Octets from the native side.") {
            $0.add(traffic.ingress.octets)
        }
        exposition.family("sixxsd_uplink_receive_packets_total", .counter, "Packets from the native side.") {
            $0.add(traffic.ingress.packets)
        }
        exposition.family("sixxsd_uplink_transmit_bytes_total", .counter, "Octets to the native side.") {
            $0.add(traffic.egress.octets)
        }
        exposition.family("sixxsd_uplink_transmit_packets_total", .counter, "Packets to the native side.") {
            $0.add(traffic.egress.packets)
        }
        exposition.family("sixxsd_packets_total", .counter, "Packets that came in, by what became of them.") {
            samples in
            for (worker, accounting) in self.workers.enumerated() {
                let verdicts = [
                    ("forwarded", accounting.forwarded), ("answered", accounting.answered),
                    ("consumed", accounting.consumed), ("dropped", accounting.droppedInAll),
                ]
                for (verdict, count) in verdicts {
                    samples.add(["worker": "\(worker)", "verdict": verdict], count)
                }
            }
            guard let kernel = self.kernel else { return }
            samples.add(["worker": "kernel", "verdict": "forwarded"], kernel.forwarded)
            samples.add(["worker": "kernel", "verdict": "dropped"], kernel.dropped)
        }
        exposition.family("sixxsd_errors_total", .counter, "Errors of all tunnels and of the uplink.") {
            samples in
            for kind in ErrorKind.allCases {
                samples.add(["kind": kind.metricName], self.errors[kind] ?? 0)
            }
        }
    }

    private func writeConfiguration(to exposition: inout Exposition) {
        exposition.family(
            "sixxsd_configuration_generation",
            .gauge,
            "The centre's number of the configuration that runs; 0 when it came from a file."
        ) { $0.add(self.running.generation) }
        exposition.family(
            "sixxsd_configuration_applied_timestamp_seconds",
            .gauge,
            "Since when it runs, in seconds since 1970."
        ) { $0.add(self.running.appliedAt.timeIntervalSince1970) }
        exposition.family(
            "sixxsd_configuration_trial_seconds_left",
            .gauge,
            "After how long it is rolled back unless it is confirmed; absent when it is not on trial."
        ) { samples in
            if let seconds = self.trialSecondsLeft { samples.add(seconds) }
        }
        exposition.family("sixxsd_configuration_changes_total", .counter, "Changes, by what became of them.")
        {
            for (outcome, count) in self.changes { $0.add(["outcome": outcome.rawValue], count) }
        }
        exposition.family(
            "sixxsd_standstill_seconds",
            .histogram,
            "How long forwarding stood still for a change."
        ) {
            $0.add(self.times.standstill)
        }
        exposition.family("sixxsd_apply_seconds", .histogram, "How long changes took, without the disk.") {
            $0.add(self.times.total)
        }
    }

    /// What is measured of other PoPs, over both families of addresses.
    private func writePeers(to exposition: inout Exposition) {
        let rows = self.peers.flatMap { peer in
            [("ipv4", peer.ipv4, peer.ipv4RoundTrips), ("ipv6", peer.ipv6, peer.ipv6RoundTrips)].map {
                family,
                record,
                roundTrips in
                (
                    labels: ["peer": peer.details.name, "family": family] as Exposition.Labels,
                    record: record, roundTrips: roundTrips
                )
            }
        }
        exposition.family("sixxsd_peer_probe_rtt_seconds", .histogram, "Round trips to another PoP.") {
            samples in
            for row in rows { samples.add(row.labels, row.roundTrips, microseconds: row.record.sum) }
        }
        exposition.family("sixxsd_peer_probes_total", .counter, "Probes that were sent to another PoP.") {
            samples in
            for row in rows { samples.add(row.labels, row.record.sent) }
        }
        exposition.family("sixxsd_peer_probes_answered_total", .counter, "Probes that another PoP answered.")
        { samples in
            for row in rows { samples.add(row.labels, row.record.received) }
        }
    }

    private func writeControl(to exposition: inout Exposition) {
        exposition.family("sixxsd_control_sessions", .gauge, "Sessions at the control port.") {
            $0.add(self.control.sessions)
        }
        exposition.family(
            "sixxsd_control_commands_total",
            .counter,
            "Commands at the control port, by their reply."
        ) {
            for (code, count) in self.control.commands.sorted(by: { $0.key < $1.key }) {
                $0.add(["code": "\(code)"], count)
            }
        }
    }
}

extension ErrorKind {
    /// `wrong_source_ipv6`.
    var metricName: String {
        var name = ""
        var isAfterSmall = false
        for character in "\(self)" {
            if character.isUppercase, isAfterSmall { name += "_" }
            name += character.lowercased()
            isAfterSmall = !character.isUppercase
        }
        return name
    }
}
