package import Foundation
internal import Wire

/// Writes the zones of the DNS that name the fleet's addresses, those that changed, and tells a program of them.
package struct WriteZones: Sendable {
    package let folder: String
    package let authority: ZoneAuthority

    /// What is told of changed zones, a name per line on standard input; nil when nobody is.
    package let program: HookProgram?

    package init(into folder: String, _ authority: ZoneAuthority, program: HookProgram?) {
        self.folder = folder
        self.authority = authority
        self.program = program
    }

    /// What was done; also what `--json` prints.
    package struct Answer: Encodable, Hashable, Sendable {
        /// The zones whose files were written.
        package let changed: [String]

        /// How many zones there are.
        package let zones: Int

        /// Files of ours whose zones the fleet no longer has.
        package let leftOver: [String]
    }

    /// The file that names zones of which the program has not been told with success.
    private var pendingFile: String { "\(self.folder)/.untold-zones" }

    /// - Throws: ``RegistryError``; zones before the one that could not be written are written then.
    package func run(in centre: Centre, at time: Date = Date()) async throws -> Answer {
        let snapshot = try await centre.store.registry.snapshot(of: .fleet)
        let endpoints = try await Self.endpoints(of: snapshot, centre.store.samples)
        let zones = ZoneRenderer(snapshot, endpoints: endpoints, self.authority).zones
        let seconds = UInt32(truncatingIfNeeded: Int64(time.timeIntervalSince1970))
        let files = try zones.compactMap { zone in
            try self.successor(of: zone, at: seconds).map { (zone.name, $0) }
        }
        let untold = try self.untold() + files.map(\.0)
        // What was written and not told is told by the next run.
        if self.program != nil, !untold.isEmpty {
            try self.write(Array(untold.unique.joined(separator: "\n").utf8), to: self.pendingFile)
        }
        for (name, text) in files { try self.write(text, to: self.path(of: name)) }
        try await self.tell(untold.unique)
        return Answer(
            changed: files.map(\.0),
            zones: zones.count,
            leftOver: self.leftOver(besides: Set(zones.map(\.name)))
        )
    }

    /// Where tunnels end of which that is to be known: as the registry has it, or as the PoP reported last.
    private static func endpoints(
        of snapshot: FleetSnapshot,
        _ samples: any SampleStore
    ) async throws -> [TunnelNumber: IPv4Address] {
        let tunnels = snapshot.tunnels.filter(\.publishesEndpoint)
        var ends = try await samples.endpoints(of: tunnels.filter { $0.end.endpoint == nil }.map(\.number))
        for tunnel in tunnels { ends[tunnel.number] = tunnel.end.endpoint ?? ends[tunnel.number] }
        // The name's AAAA record is the address inside the tunnel.
        return ends.compactMapValues { if case .ipv4(let address) = $0 { address } else { nil } }
    }

    private func path(of zone: String) -> String { "\(self.folder)/\(zone).zone" }

    private func successor(of zone: Zone, at seconds: UInt32) throws(RegistryError) -> [UInt8]? {
        let path = self.path(of: zone.name)
        let old = try InputFile.octetsIfThere(of: path)
        do {
            return try zone.successor(of: old, at: seconds)
        } catch {
            throw .refused("\(path): \(error)")
        }
    }

    private func write(_ octets: [UInt8], to path: String) throws(RegistryError) {
        try WholeFile.write(octets, to: path, mode: 0o644, throughLinks: false)
    }

    private func untold() throws(RegistryError) -> [String] {
        guard self.program != nil, let octets = try InputFile.octetsIfThere(of: self.pendingFile) else {
            return []
        }
        let text = String(decoding: octets, as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }

    /// - Throws: ``RegistryError/unusable(_:)`` when the program fails; the next run tells it again.
    private func tell(_ zones: [String]) async throws {
        guard let program = self.program, !zones.isEmpty else { return }
        if let failure = await program.run(zones.joined(separator: "\n") + "\n") {
            throw RegistryError.unusable(
                "the zones are written, but the program that is told of them failed: \(failure); the next run tells it again"
            )
        }
        unlink(self.pendingFile)
    }

    private func leftOver(besides known: Set<String>) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: self.folder)) ?? []
        let zones = names.filter { $0.hasSuffix(".ip6.arpa.zone") }.map { String($0.dropLast(5)) }
        // Others may have reverse zones in the same folder; whoever is told of a file deletes it.
        let ours = zones.filter { zone in
            !known.contains(zone)
                && (try? InputFile.octetsIfThere(of: self.path(of: zone))).map(Zone.isOurs) == true
        }
        return ours.map { "\($0).zone" }.sorted()
    }
}
