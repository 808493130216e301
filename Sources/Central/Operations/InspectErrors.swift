package import Wire

/// Asks a tunnel's daemon which errors there were, and what it would do with the packets that caused them.
package struct InspectErrors: Sendable {
    package let tunnel: TunnelNumber

    package init(_ tunnel: TunnelNumber) { self.tunnel = tunnel }

    /// An error that occurred.
    package struct Row: Hashable, Sendable {
        /// As `tunnel show` calls it.
        package let kind: String
        package let count: Int64

        /// When it occurred last, from where, and how long the packet was, in the daemon's words.
        package let summary: String

        /// The packet's first octets.
        package let octets: [UInt8]

        /// What the packet was, a line for each header.
        package let words: [String]

        /// What the daemon would do with the packet now, step by step; nil when not all of it was kept, or when the daemon
        /// would never see such a packet.
        package let explanation: [String]?
    }

    /// What the daemon says.
    package struct Answer: Sendable {
        package let pop: PoPName

        /// In the daemon's order.
        package let rows: [Row]
    }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> Answer {
        let (pop, tunnel) = (try await centre.store.registry.pop(of: self.tunnel), self.tunnel)
        let rows = try await centre.converse(with: pop) { session throws(ConnectionFailure) in
            let lines = try session.command("tunnel show \(tunnel)").lines ?? []
            var rows: [Row] = []
            for (kind, count) in Self.counts(in: lines) {
                rows.append(try Self.row(kind, count, of: tunnel, asking: session))
            }
            return rows
        }
        return Answer(pop: pop.name, rows: rows)
    }

    /// The errors that are not 0, of those that daemons count.
    private static func counts(in lines: [String]) -> [(kind: String, count: Int64)] {
        lines.compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let name = String(line[..<colon]).trimmed
            guard let kind = PoPReport.errorKinds.first(where: { $0 == name }),
                let count = Int64(String(line[line.index(after: colon)...]).trimmed), count > 0
            else { return nil }
            return (kind, count)
        }
    }

    private static func row(
        _ kind: String,
        _ count: Int64,
        of tunnel: TunnelNumber,
        asking session: any DaemonSession
    ) throws(ConnectionFailure) -> Row {
        let line = "tunnel get errorpacket \(tunnel) \(kind)"
        let reply = try session.request(Array("\(line)\n".utf8), named: line, upTo: .short)
        // The errors may have been reset since they were counted.
        guard reply.isSuccess, let sample = ErrorSampleText(reply.lines ?? []) else {
            return Row(kind: kind, count: count, summary: "", octets: [], words: [], explanation: nil)
        }
        return Row(
            kind: kind,
            count: count,
            summary: sample.summary,
            octets: sample.octets,
            words: PacketWords(sample.octets, length: sample.length).lines,
            explanation: try Self.explanation(sample, of: tunnel, asking: session)
        )
    }

    private static func explanation(
        _ sample: ErrorSampleText,
        of tunnel: TunnelNumber,
        asking session: any DaemonSession
    ) throws(ConnectionFailure) -> [String]? {
        guard sample.isWhole else { return nil }
        // An IPv6 packet that came from an IPv4 address was inside the tunnel; others have their outer header.
        let origin = sample.isInner ? " from \(tunnel)" : ""
        let line = "explain \(sample.octets.hexadecimalText)\(origin)"
        let name = "explain"
        let reply = try session.request(Array("\(line)\n".utf8), named: name, upTo: .short)
        return reply.isSuccess
            ? reply.lines.map { $0.prefix(64).map { $0.printable.shortened(to: 300) } } : nil
    }
}

/// What `tunnel get errorpacket` answers.
struct ErrorSampleText {
    /// The most octets that are believed: daemons keep 128.
    private static let mostOctets = 256

    /// What happened, in the daemon's words.
    let summary: String

    /// The packet's first octets.
    let octets: [UInt8]

    /// The packet's real size, in octets.
    let length: Int

    /// Where it came from; nil when that is no address.
    let source: IPAddress?

    /// Whether all of the packet was kept.
    var isWhole: Bool { !self.octets.isEmpty && self.length == self.octets.count }

    /// Whether it is an IPv6 packet that came through IPv4.
    var isInner: Bool {
        guard case .ipv4? = self.source, let first = self.octets.first else { return false }
        return first >> 4 == 6
    }

    /// Reads `KIND: N times, last TIME from ADDRESS, N octets, the first N:` and lines of hexadecimal digits.
    ///
    /// Nil for anything else.
    init?(_ lines: [String]) {
        guard let head = lines.first else { return nil }
        var octets: [UInt8] = []
        for digits in lines.dropFirst().joined(separator: " ").split(separator: " ") {
            guard digits.utf8.count == 2, let octet = UInt8(digits, radix: 16), octets.count < Self.mostOctets
            else { return nil }
            octets.append(octet)
        }
        let words = head.split(separator: " ")
        guard let from = words.lastIndex(of: "from"), from + 2 < words.count,
            let length = Int(words[from + 2]), (0...0xffff).contains(length), length >= octets.count
        else { return nil }
        self.source = try? IPAddress(parsing: words[from + 1].dropLast())
        let text = head.hasSuffix(":") ? String(head.dropLast()) : head
        self.summary = text.printable.shortened(to: 200)
        self.octets = octets
        self.length = length
    }
}
