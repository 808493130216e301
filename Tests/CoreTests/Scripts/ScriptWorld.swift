import Wire

/// The few addresses of a script, so that random choices meet each other.
enum ScriptWorld {
    static let password = "f3d47c2de40fb698e1ab15d757a09bfc"
    static let tids = [0, 1, 2, 3, 0x10, 0xff, 0x1000, 0x1fff].compactMap { TID(rawValue: $0) }
    static let tunnelPrefixHigh: UInt64 = 0x2001_0db8_02ff_0000
    static let popIPv4 = IPv4Address(0xc000_022a)
    static let popIPv6 = IPv6Address(high: 0x2001_0db8_0042_0000, low: 1)

    static let remotes: [IPAddress] = [
        .ipv4(IPv4Address(0xcb00_7101)), .ipv4(IPv4Address(0xcb00_7102)),
        .ipv6(IPv6Address(high: 0x2001_0db8_beef_0000, low: 1)),
        .ipv6(IPv6Address(high: 0x2001_0db8_beef_0000, low: 2)),
        // One that lies inside a tunnel, and two that are no host's.
        .ipv6(IPv6Address(high: 0x2001_0db8_02ff_0001, low: 2)),
        .ipv4(IPv4Address(0xffff_ffff)), .ipv6(.unspecified),
    ]

    /// Inner addresses of every sort.
    static let inner: [IPv6Address] =
        Self.tids.flatMap { tid in
            (0...3).map { IPv6Address(high: Self.tunnelPrefixHigh | UInt64(tid.rawValue), low: $0) }
        }
        + Self.tids.map { IPv6Address(high: Self.tunnelPrefixHigh | 0x8000 | UInt64($0.rawValue), low: 9) }
        + Self.tids.map { IPv6Address(high: 0xfe80 << 48, low: UInt64($0.rawValue) << 16 | 1) } + [
            IPv6Address(high: Self.tunnelPrefixHigh | 0xffff, low: 1),
            IPv6Address(high: Self.tunnelPrefixHigh | 0xffff, low: 2),
            IPv6Address(high: 0x2001_0db8_3001_0005, low: 6),
            IPv6Address(high: 0x2001_0db8_30ff_0005, low: 6),
            IPv6Address(high: 0x2001_0db8_4000_4201, low: 6),
            IPv6Address(high: 0x2001_0db8_ffff_0000, low: 0x80),
            IPv6Address(high: 0x2a00_0001_0000_0000, low: 1),
            IPv6Address(high: 0xff02 << 48, low: 0x1_ff00_0001), IPv6Address(high: 0xff0e << 48, low: 1),
            .unspecified, IPv6Address(high: 0, low: 1), IPv6Address(high: 0, low: 0xffff_c000_0201),
        ]

    /// A configuration that the octets choose.
    static func configuration(_ reader: inout ScriptReader) -> Configuration {
        var pop = PoPSettings()
        let flags = reader.octet()
        let own = PoPDetails(id: 1, name: "one", ipv4: Self.popIPv4, ipv6: Self.popIPv6)
        let other = PoPDetails(id: 2, name: "two", ipv4: IPv4Address(0xc000_022b), ipv6: Self.popIPv6)
        pop.pops = [own, other]
        pop.id = flags & 1 == 0 ? 1 : nil
        pop.pathMTU = flags & 2 == 0 ? .dynamic : .static
        pop.answersProtocolUnreachable = flags & 4 != 0
        if flags & 8 != 0 { pop.icmpRate = ICMPRate(tunnelPerSecond: 1, tunnelBurst: 1, popPerSecond: 2) }
        if flags & 16 == 0 { pop.tunnelPrefix = Self.prefix(Self.tunnelPrefixHigh, 48) }
        pop.subnetPrefixes = [Self.prefix(0x2001_0db8_3000_0000, 40), Self.prefix(0x2001_0db8_4000_0000, 48)]
            .compactMap(\.self)
        pop.beatTimeout = 1 + reader.number(under: 300)
        var configuration = Configuration(pop: pop)
        guard pop.tunnelPrefix != nil else { return configuration }
        for tid in Self.tids { configuration.tunnels += [Self.tunnel(tid, &reader)].compactMap(\.self) }
        let subnets: [(UInt64, Int)] = [(0x2001_0db8_3001_0000, 48), (0x2001_0db8_4000_4200, 56)]
        for (high, length) in subnets {
            guard let prefix = Self.prefix(high, length),
                let owner = configuration.tunnels.dropFirst(reader.number(under: 8)).first
            else { continue }
            configuration.subnets.append(SubnetSettings(prefix: prefix, tid: owner.tid))
        }
        return configuration
    }

    private static func prefix(_ high: UInt64, _ length: Int) -> IPv6Prefix? {
        IPv6Prefix(IPv6Address(high: high, low: 0), length: length)
    }

    private static func tunnel(_ tid: TID, _ reader: inout ScriptReader) -> TunnelSettings? {
        let choice = reader.octet()
        guard choice & 0xf != 0, let number = TunnelNumber(rawValue: UInt32(tid.rawValue) + 1) else {
            return nil
        }
        let remote: RemoteEnd =
            switch choice & 3 {
            case 0: .fixed(Self.remotes[0])
            case 1: .fixed(Self.remotes[Int(choice >> 6)])
            default: .dynamic(.ayiya)
            }
        return TunnelSettings(
            tid: tid,
            number: number,
            remote: remote,
            state: choice & 0x30 == 0 ? .disabled : .up,
            mtu: 1280 + Int(reader.octet()) * 200 / 255,
            password: TunnelPassword(Self.password)
        )
    }
}
