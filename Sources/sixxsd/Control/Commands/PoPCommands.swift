import Core
import Foundation
import LinuxIO
import Wire

/// Carries out the commands of menu `pop`.
struct PoPCommands: Sendable {
    let context: CommandContext

    func perform(
        _ path: String,
        _ words: Words,
        for caller: CommandHandler.Caller
    ) async throws -> ControlReply {
        try words.end()
        let pop = await self.context.controller.state.configuration.pop
        switch path {
        case "pop cliacl list": return ControlReply(200, lines: pop.controlACL.map(\.description))
        case "pop subnetprefix list": return ControlReply(200, lines: pop.subnetPrefixes.map(\.description))
        case "pop tunnelprefix list":
            return ControlReply(200, lines: [pop.tunnelPrefix].compactMap { $0?.description })
        case "pop get id":
            return pop.id.map { ControlReply(200, "\($0)") } ?? ControlReply(404, "no PoP id is set")
        case "pop get name":
            return (pop.ownDetails?.name).map { ControlReply(200, $0) }
                ?? ControlReply(404, "no PoP id is set")
        case "pop saveconfig": return try await self.save()
        case "pop report": return try await self.context.report()
        case "pop shutdown":
            if case .network = caller { throw CommandRefusal(401, "only the host itself may end the daemon") }
            self.context.shutDown()
            return ControlReply(200, "shutting down")
        default: return await self.show(path, pop)
        }
    }

    private func save() async throws -> ControlReply {
        do {
            let doubt = try await self.context.controller.save()
            return ControlReply(200, "configuration saved\(ConfigCommands.text(doubt))")
        } catch ConfigurationFailure.notSaved(let error) {
            return ControlReply(500, "configuration not saved: \(error)")
        }
    }

    private func show(_ path: String, _ pop: PoPSettings) async -> ControlReply {
        switch path {
        case "pop show version": ControlReply(200, "sixxsd \(Release.version)")
        case "pop show uptime": ControlReply(200, DaemonClock.format(uptime: self.context.clock.uptime))
        case "pop show unixtime": ControlReply(200, "\(WallClock.secondsSince1970())")
        case "pop show status": ControlReply(200, lines: await self.status())
        case "pop show info": ControlReply(200, lines: await self.info(pop))
        case "pop show hostinfo": ControlReply(200, lines: Self.hostInfo())
        case "pop show timeinfo": ControlReply(200, lines: self.timeInfo())
        case "pop show kernel": ControlReply(200, lines: self.kernel())
        case "pop show threads": ControlReply(200, lines: await self.threads())
        case "pop show pops": ControlReply(200, lines: await self.pops(pop))
        default: ControlReply(404, "unknown command \"\(path)\"")
        }
    }

    /// A line a type and one for all: tunnels that are up, that had a packet lately, that are configured.
    private func status() async -> [String] {
        let table = await self.context.tunnelReport()
        let types = TunnelReport.types.map { type in
            let rows = table.rows.filter { $0.type == type }
            return "\(type) \(TunnelReport.Counts(rows))"
        }
        return types + ["total \(TunnelReport.Counts(table.rows))"]
    }

    private func info(_ pop: PoPSettings) async -> [String] {
        let state = await self.context.controller.state
        return [
            "name \(pop.ownDetails?.name ?? "-")",
            "id \(pop.id.map(String.init) ?? "-")",
            "version \(Release.version)",
            "ipv4 \(pop.ownDetails?.ipv4.description ?? "-")",
            "ipv6 \(pop.ownDetails?.ipv6.description ?? "-")",
            "tunnelprefix \(pop.tunnelPrefix?.description ?? "-")",
            "subnetprefixes \(pop.subnetPrefixes.count)",
            "device \(self.context.tunName)",
            "control \(self.context.control.joined(separator: " "))",
            "generation \(state.generation)",
            "digest \(state.digest)",
            "instance \(self.context.clock.instance)",
        ]
    }

    /// A line a PoP: what it is, and what its probes measured over IPv4 and IPv6.
    private func pops(_ pop: PoPSettings) async -> [String] {
        let measured = await self.context.mailboxes.first.perform { engine, _ in engine.otherPoPs }
        return pop.pops.sorted { $0.id < $1.id }.map { details in
            let line = "\(details.id) \(details.name) \(details.ipv4) \(details.ipv6)"
            guard let latency = measured.first(where: { $0.details == details }) else { return line }
            return "\(line) \(latency.ipv4.statsText) \(latency.ipv6.statsText)"
        }
    }

    private static func hostInfo() -> [String] {
        let info = ProcessInfo.processInfo
        return [
            "hostname \(info.hostName)",
            "system \(info.operatingSystemVersionString)",
            "processors \(info.activeProcessorCount)",
            "memory \(info.physicalMemory)",
            "uptime \(DaemonClock.format(uptime: Int(HostUptime.seconds())))",
        ]
    }

    private func timeInfo() -> [String] {
        [
            "unixtime \(WallClock.secondsSince1970())",
            "utc \(Date().formatted(.iso8601))",
            "uptime \(DaemonClock.format(uptime: self.context.clock.uptime))",
            "hostuptime \(DaemonClock.format(uptime: Int(HostUptime.seconds())))",
        ]
    }

    /// How often something of the daemon's was put back in the kernel, then what is wrong and can't be, and how the fast path is.
    private func kernel() -> [String] {
        let account = self.context.ledger.account
        let counts = Deviation.Subject.allCases.map { "mended \($0.rawValue) \(account.mended[$0] ?? 0)" }
        let faults = account.faults.map { "fault \($0.subject.rawValue) \($0)" }
        return counts + faults + (self.context.fastPath.state.map { [$0] } ?? [])
    }

    /// One line a worker, and one for what the kernel forwarded by itself, with what became of every packet it saw.
    private func threads() async -> [String] {
        let accountings = await self.context.mailboxes.perform { engine, _ in engine.accounting }
        return accountings.enumerated().flatMap(Self.lines) + self.context.fastPath.lines
            + self.context.controller.times.lines
    }

    private static func lines(ofWorker index: Int, _ accounting: Accounting) -> [String] {
        let received = accounting.receivedFromUplink + accounting.receivedFromUnderlay
        let line =
            "worker \(index) received \(received) forwarded \(accounting.forwarded) answered \(accounting.answered)"
            + " consumed \(accounting.consumed) dropped \(accounting.droppedInAll)"
        let drops = DropReason.allCases.map { ($0, accounting.dropped(because: $0)) }
        return [line] + drops.filter { $0.1 > 0 }.map { "worker \(index) dropped \($0.0) \($0.1)" }
    }
}
