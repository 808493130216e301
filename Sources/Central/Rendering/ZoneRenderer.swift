internal import Wire

/// Makes the zones that name a fleet's addresses from its registry.
///
/// Pure: the same snapshot gives the same zones. A tunnel T12 is `t12` in the forward zone, its PoP's side `gw-t12`.
struct ZoneRenderer {
    private let authority: ZoneAuthority
    private let snapshot: FleetSnapshot

    /// Where tunnels end whose users want that known.
    private let endpoints: [TunnelNumber: IPv4Address]

    /// How long the address of an endpoint may be kept, in seconds: it may move.
    private static let endpointTTL = 60

    init(_ snapshot: FleetSnapshot, endpoints: [TunnelNumber: IPv4Address], _ authority: ZoneAuthority) {
        self.snapshot = snapshot
        self.endpoints = endpoints
        self.authority = authority
    }

    /// The forward zone, and one for each prefix of the fleet.
    var zones: [Zone] {
        let tunnels = Dictionary(grouping: self.snapshot.tunnels, by: \.popID)
        let servers = Dictionary(
            uniqueKeysWithValues: self.snapshot.tunnels.lazy.filter { !$0.nameServers.isEmpty }
                .map { ($0.number, $0.nameServers) }
        )
        var subnets = self.snapshot.subnets[...]
        let reverse = self.snapshot.prefixes.map { routed -> Zone in
            // Both are in the order of addresses, and prefixes do not overlap.
            subnets = subnets.drop { $0.prefix.address < routed.prefix.address }
            let inside = subnets.prefix { routed.prefix.contains($0.prefix) }
            subnets = subnets.dropFirst(inside.count)
            let records =
                routed.kind == .tunnel
                ? self.names(of: tunnels[routed.popID] ?? [], in: routed.prefix)
                : self.delegations(of: inside, servers, in: routed.prefix)
            return Zone(routed.prefix.reverseName, self.authority, records: records)
        }
        return [self.forwardZone(tunnels)] + reverse
    }

    private func forwardZone(_ tunnels: [Int: [Tunnel]]) -> Zone {
        var text = ZoneText()
        for prefix in self.snapshot.prefixes where prefix.kind == .tunnel {
            for tunnel in tunnels[prefix.popID] ?? [] {
                let addresses = InnerAddresses(tunnelPrefix: prefix.prefix, tid: tunnel.tid)
                let number = String(tunnel.number.rawValue)
                text.append("t", number, " AAAA ", addresses.user.description)
                text.append("gw-t", number, " AAAA ", addresses.pop.description)
                guard tunnel.publishesEndpoint, let endpoint = self.endpoints[tunnel.number] else { continue }
                text.append("t", number, " \(Self.endpointTTL) A ", endpoint.description)
            }
        }
        return Zone(self.authority.forward.description, self.authority, records: text.octets)
    }

    /// The names of both sides of tunnels, and the delegations of what is routed through them by default.
    private func names(of tunnels: [Tunnel], in prefix: IPv6Prefix) -> [UInt8] {
        let zone = ".\(self.authority.forward)."
        var text = ZoneText()
        for tunnel in tunnels {
            let addresses = InnerAddresses(tunnelPrefix: prefix, tid: tunnel.tid)
            let number = String(tunnel.number.rawValue)
            text.append(addresses.pop, below: prefix.length, to: 128, " PTR gw-t", number, zone)
            text.append(addresses.user, below: prefix.length, to: 128, " PTR t", number, zone)
            for server in tunnel.nameServers {
                let name = server.description
                text.append(addresses.routedBlock.address, below: prefix.length, to: 64, " NS ", name, ".")
            }
        }
        return text.octets
    }

    private func delegations(
        of subnets: ArraySlice<Subnet>,
        _ servers: [TunnelNumber: [DomainName]],
        in prefix: IPv6Prefix
    ) -> [UInt8] {
        var text = ZoneText()
        for subnet in subnets {
            for server in servers[subnet.tunnel] ?? [] {
                let (address, length) = (subnet.prefix.address, subnet.prefix.length)
                text.append(address, below: prefix.length, to: length, " NS ", server.description, ".")
            }
        }
        return text.octets
    }
}

extension IPv6Prefix {
    /// The zone of its reverse names; its length is a multiple of four, as those of all prefixes of a fleet.
    var reverseName: String {
        var text = ZoneText()
        text.appendNibbles(of: self.address, 0..<self.length / 4)
        return String(decoding: text.octets, as: UTF8.self) + ".ip6.arpa"
    }
}

/// Records of a zone, put together octet by octet: a fleet has hundreds of thousands.
private struct ZoneText {
    private(set) var octets: [UInt8] = []

    /// Appends a line of texts.
    mutating func append(_ texts: String...) {
        for text in texts { self.octets += text.utf8 }
        self.octets.append(UInt8(ascii: "\n"))
    }

    /// Appends a line that begins with the reverse name of an address's first bits, relative to a zone of fewer.
    mutating func append(
        _ address: IPv6Address,
        below zone: Int,
        to length: Int,
        _ texts: String...
    ) {
        self.appendNibbles(of: address, zone / 4..<length / 4)
        for text in texts { self.octets += text.utf8 }
        self.octets.append(UInt8(ascii: "\n"))
    }

    /// Appends hexadecimal digits of an address, the last first, with dots between.
    mutating func appendNibbles(of address: IPv6Address, _ range: Range<Int>) {
        for index in range.reversed() {
            let half = index < 16 ? address.high : address.low
            let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - 4 * (index % 16))) & 15
            self.octets.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            if index > range.lowerBound { self.octets.append(UInt8(ascii: ".")) }
        }
    }
}
