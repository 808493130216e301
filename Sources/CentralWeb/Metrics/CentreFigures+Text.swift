internal import Central
internal import Foundation
internal import Wire

extension CentreFigures {
    /// Writes the registry's figures, and what is known of every PoP; what is not known is left out.
    func write(to exposition: inout Exposition, now: Date) {
        self.writeRegistry(to: &exposition)
        self.writeStates(to: &exposition)
        self.writeTimes(to: &exposition)
        self.writeReports(to: &exposition, now: now)
        self.writeTraffic(to: &exposition)
    }

    private func writeRegistry(to exposition: inout Exposition) {
        exposition.family("sixxs_pops", .gauge, "PoPs in the registry.") { samples in
            let enabled = self.status.pops.count(where: \.pop.isEnabled)
            samples.add(["enabled": "true"], enabled)
            samples.add(["enabled": "false"], self.status.pops.count - enabled)
        }
        exposition.family("sixxs_users", .gauge, "Users in the registry.") { $0.add(self.users) }
        exposition.family("sixxs_subnets", .gauge, "Subnets in the registry.") { $0.add(self.subnets) }
        exposition.family("sixxs_tunnels", .gauge, "Tunnels in the registry.") { samples in
            for (kind, count) in self.census.counts {
                samples.add(["pop": kind.pop, "type": kind.type, "state": kind.state], count)
            }
        }
        exposition.family("sixxs_registry_revision", .gauge, "How many changes the registry had seen.") {
            $0.add(self.census.revision)
        }
    }

    /// Writes a family with a sample of each PoP of which something is known.
    private func family(
        _ name: StaticString,
        _ help: StaticString,
        kind: Exposition.Kind = .gauge,
        to exposition: inout Exposition,
        _ value: (PoPStatus) -> Double?
    ) {
        exposition.family(name, kind, help) { samples in
            for status in self.status.pops {
                if let value = value(status) { samples.add(["pop": "\(status.pop.name)"], value) }
            }
        }
    }

    private func writeStates(to exposition: inout Exposition) {
        self.family("sixxs_pop_up", "Whether the PoP could be reached the last time.", to: &exposition) {
            status in
            status.isReachable.map { $0 ? 1 : 0 }
        }
        self.family("sixxs_pop_held", "Whether the PoP is held on what it has.", to: &exposition) { status in
            status.history.hold == nil ? 0 : 1
        }
        self.family("sixxs_pop_up_to_date", "Whether the PoP runs what the registry says.", to: &exposition) {
            status in
            status.isInSync.map { $0 ? 1 : 0 }
        }
        self.family("sixxs_pop_failures", "Attempts that failed, one after the other.", to: &exposition) {
            status in
            Double(status.history.breaker?.failures ?? 0)
        }
        exposition.family("sixxs_pop_generation", .gauge, "Numbers of configurations of the PoP.") {
            samples in
            for status in self.status.pops {
                let numbers = [
                    ("latest", status.history.latestGeneration),
                    ("confirmed", status.history.confirmedGeneration),
                    ("running", status.latest?.generation),
                ]
                for case (let kind, let number?) in numbers {
                    samples.add(["pop": "\(status.pop.name)", "kind": kind], number)
                }
            }
        }
    }

    private func writeTimes(to exposition: inout Exposition) {
        self.family(
            "sixxs_pop_last_contact_timestamp_seconds",
            "When the PoP's last report came, in seconds since 1970.",
            to: &exposition
        ) { $0.latest?.time.timeIntervalSince1970 }
        self.family(
            "sixxs_pop_last_push_timestamp_seconds",
            "When the last push that went well began, in seconds since 1970.",
            to: &exposition
        ) { $0.history.pushes?.lastSuccess?.started.timeIntervalSince1970 }
        self.family(
            "sixxs_pop_last_drift_timestamp_seconds",
            "When the PoP last ran something that the centre had not given it, in seconds since 1970.",
            to: &exposition
        ) { $0.history.lastDrift?.timeIntervalSince1970 }
        self.family(
            "sixxs_pop_start_timestamp_seconds",
            "When the PoP's daemon started, in seconds since 1970.",
            to: &exposition
        ) { status in
            guard let latest = status.latest, let uptime = latest.uptime else { return nil }
            return latest.time.timeIntervalSince1970 - Double(uptime)
        }
        self.family(
            "sixxs_pop_clock_skew_seconds",
            "By how much the PoP's clock is ahead of the centre's.",
            to: &exposition
        ) { $0.latest?.clockSkew.map(Double.init) }
    }

    private func writeReports(to exposition: inout Exposition, now: Date) {
        exposition.family(
            "sixxs_pop_tunnels",
            .gauge,
            "Tunnels of the PoP: those of the registry, up, active."
        ) { samples in
            for status in self.status.pops {
                let isCurrent = status.isCurrent(at: now)
                let counts = [
                    ("configured", status.registered), ("online", status.tunnelsUp(at: now)),
                    ("active", isCurrent ? status.latest?.active : nil),
                ]
                for case (let state, let count?) in counts {
                    samples.add(["pop": "\(status.pop.name)", "state": state], count)
                }
            }
        }
    }

    /// What a daemon counted since it started, as old as its last report.
    private func writeTraffic(to exposition: inout Exposition) {
        self.family(
            "sixxs_pop_receive_bytes_total",
            "Octets from the PoP's uplink.",
            kind: .counter,
            to: &exposition
        ) { $0.latest?.rxBytes.map { Double($0.value) } }
        self.family(
            "sixxs_pop_receive_packets_total",
            "Packets from the PoP's uplink.",
            kind: .counter,
            to: &exposition
        ) { $0.latest?.rxPackets.map { Double($0.value) } }
        self.family(
            "sixxs_pop_transmit_bytes_total",
            "Octets to the PoP's uplink.",
            kind: .counter,
            to: &exposition
        ) { $0.latest?.txBytes.map { Double($0.value) } }
        self.family(
            "sixxs_pop_transmit_packets_total",
            "Packets to the PoP's uplink.",
            kind: .counter,
            to: &exposition
        ) { $0.latest?.txPackets.map { Double($0.value) } }
        self.family(
            "sixxs_pop_errors_total",
            "Errors that the PoP's daemon counted.",
            kind: .counter,
            to: &exposition
        ) { $0.latest?.errors.map { Double($0.value) } }
    }
}

extension RoundFigures.Counts {
    /// Writes what the rounds of this process did.
    func write(to exposition: inout Exposition) {
        let pushes = self.pushes.sorted { $0.key.rawValue < $1.key.rawValue }.map { outcome, histogram in
            (outcome.rawValue.split(separator: " ").joined(separator: "_"), histogram)
        }
        exposition.family("sixxs_pushes_total", .counter, "Visits to PoPs, by how they ended.") { samples in
            for (outcome, histogram) in pushes { samples.add(["outcome": outcome], histogram.count) }
        }
        exposition.family("sixxs_push_duration_seconds", .histogram, "How long visits took.") { samples in
            for (outcome, histogram) in pushes { samples.add(["outcome": outcome], histogram) }
        }
        exposition.family("sixxs_round_duration_seconds", .histogram, "How long rounds took.") { samples in
            samples.add(self.rounds)
        }
        exposition.family(
            "sixxs_round_last_success_timestamp_seconds",
            .gauge,
            "When a round last ended in which a PoP answered, in seconds since 1970."
        ) { samples in
            if let time = self.lastRound { samples.add(time.timeIntervalSince1970) }
        }
        exposition.family("sixxs_serving", .gauge, "Whether this process makes the rounds.") {
            $0.add([:], self.isServing)
        }
    }
}
