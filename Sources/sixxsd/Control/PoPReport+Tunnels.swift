import Core
import Foundation
import LinuxIO
import Wire

extension CommandContext {
    /// Everything a collector wants, as one line of JSON.
    func report() async throws -> ControlReply {
        let state = await self.controller.state
        let table = await self.tunnelReport()
        let counts = TunnelReport.Counts(table.rows)
        let peers = await self.mailboxes.first.perform { engine, _ in engine.otherPoPs }
        let report = PoPReport(
            instance: self.clock.instance,
            version: Release.version,
            uptime: self.clock.uptime,
            hostUptime: Int(HostUptime.seconds()),
            time: Int(WallClock.secondsSince1970()),
            pop: state.configuration.pop.ownDetails.map { PoPReport.PoP(id: $0.id, name: $0.name) },
            generation: state.generation,
            digest: state.digest,
            totals: PoPReport.Totals(
                online: counts.online,
                active: counts.active,
                configured: counts.configured,
                rxPackets: table.uplink.traffic.ingress.packets,
                rxBytes: table.uplink.traffic.ingress.octets,
                txPackets: table.uplink.traffic.egress.packets,
                txBytes: table.uplink.traffic.egress.octets
            ),
            tunnels: table.rows.map(PoPReport.Tunnel.init),
            uplink: PoPReport.Uplink(table.uplink),
            kernel: PoPReport.Kernel(self.ledger.account),
            fastPath: self.fastPath.report,
            peers: peers.map(PoPReport.Peer.init)
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = String(decoding: try encoder.encode(report), as: UTF8.self)
        return ControlReply(200, lines: [line])
    }
}

extension PoPReport.Tunnel {
    fileprivate init(_ row: TunnelReport.Row) {
        let traffic = row.snapshot.traffic
        self.init(
            tunnel: "\(row.settings.number)",
            tid: "\(row.settings.tid)",
            state: "\(row.snapshot.condition)",
            type: row.type,
            endpoint: row.endpoint,
            mtu: row.settings.mtu,
            inPackets: traffic.ingress.packets,
            inBytes: traffic.ingress.octets,
            outPackets: traffic.egress.packets,
            outBytes: traffic.egress.octets,
            lastIn: row.snapshot.lastTimes.ingress.map { Int($0) },
            lastOut: row.snapshot.lastTimes.egress.map { Int($0) },
            lastBeat: row.snapshot.lastTimes.beat.map { Int($0) },
            latency: PoPReport.Latency(row.snapshot.latency, row.snapshot.roundTrips),
            errors: Dictionary(uniqueKeysWithValues: row.snapshot.errors.map { ($0.kind.name, $0.count) })
        )
    }
}

extension PoPReport.Uplink {
    fileprivate init(_ snapshot: UplinkSnapshot) {
        self.init(
            inPackets: snapshot.traffic.ingress.packets,
            inBytes: snapshot.traffic.ingress.octets,
            outPackets: snapshot.traffic.egress.packets,
            outBytes: snapshot.traffic.egress.octets,
            lastIn: snapshot.lastTimes.ingress.map { Int($0) },
            lastOut: snapshot.lastTimes.egress.map { Int($0) },
            errors: Dictionary(uniqueKeysWithValues: snapshot.errors.map { ($0.kind.name, $0.count) })
        )
    }
}

extension PoPReport.Kernel {
    fileprivate init(_ account: KernelLedger.Account) {
        self.init(
            mended: Dictionary(uniqueKeysWithValues: account.mended.map { ($0.key.rawValue, $0.value) }),
            faults: account.faults.map(\.description)
        )
    }
}

extension PoPReport.Peer {
    fileprivate init(_ measured: PoPLatency) {
        self.init(
            id: measured.details.id,
            name: measured.details.name,
            ipv4: PoPReport.Latency(measured.ipv4, measured.ipv4RoundTrips),
            ipv6: PoPReport.Latency(measured.ipv6, measured.ipv6RoundTrips)
        )
    }
}

extension PoPReport.Latency {
    fileprivate init(_ record: LatencyRecord, _ roundTrips: RoundTrips) {
        let milliseconds: (UInt64) -> Double? = { record.received == 0 ? nil : Double($0) / 1000 }
        self.init(
            sent: record.sent,
            received: record.received,
            lossPercent: record.lossPercent,
            minMs: milliseconds(record.minimum),
            avgMs: milliseconds(record.average),
            maxMs: milliseconds(record.maximum),
            buckets: roundTrips.total == 0 ? nil : roundTrips.cumulative
        )
    }
}
