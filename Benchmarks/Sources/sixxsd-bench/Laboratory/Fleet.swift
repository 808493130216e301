internal import Core
internal import Wire

/// The PoP that is measured: its addresses, its tunnels and the internet around it.
enum Fleet {
    /// How the tunnels of a PoP are reached.
    enum Kind {
        case sixInFour
        case ayiya
    }

    /// The time at which everything happens.
    static let now = Timestamp(monotonic: 1_000_000_000_000, unixTime: 1_790_000_000)

    static let popIPv4 = IPv4Address(192, 0, 2, 1)
    /// An address that no tunnel has.
    static let strangerIPv4 = IPv4Address(203, 0, 113, 66)
    static let tunnelPrefix = IPv6Address(high: 0x2001_0db8_1000_0000, low: 0)
    /// A host on the native IPv6 internet.
    static let internetHost = IPv6Address(high: 0x2600_1f18_0000_0000, low: 0x53)
    static let userPort: UInt16 = 40_000
    /// A subnet prefix is a /40 here, each subnet a /48.
    static let subnetsPerPrefix = 256

    /// A configuration with tunnels `0`, `1`, … and a /48 for each of the first 256.
    static func configuration(_ kind: Kind, tunnels: Int, subnetPrefixes: Int = 1) -> Configuration {
        var pop = PoPSettings()
        pop.id = 1
        pop.pops = [
            PoPDetails(
                id: 1,
                name: "chtst01",
                ipv4: Self.popIPv4,
                ipv6: IPv6Address(high: 0x2001_0db8 << 32, low: 1)
            )
        ]
        pop.tunnelPrefix = IPv6Prefix(Self.tunnelPrefix, length: 48)
        pop.subnetPrefixes = (0..<subnetPrefixes).map { number in
            IPv6Prefix(containing: Self.subnet(number * Self.subnetsPerPrefix), length: 40)
        }
        // No limit: what is measured is what an error costs.
        pop.icmpRate = ICMPRate(tunnelPerSecond: 2_000_000_000, tunnelBurst: 2, popPerSecond: 2_000_000_000)
        let tids = (0..<tunnels).compactMap { TID(rawValue: UInt16($0)) }
        return Configuration(
            pop: pop,
            tunnels: tids.map { Self.tunnel($0, kind) },
            subnets: tids.prefix(Self.subnetsPerPrefix).map { tid in
                SubnetSettings(
                    prefix: IPv6Prefix(containing: Self.subnet(Int(tid.rawValue)), length: 48),
                    tid: tid
                )
            }
        )
    }

    /// The lowest address of the numbered /48: 256 of them make a /40.
    static func subnet(_ number: Int) -> IPv6Address {
        IPv6Address(high: 0x2a02_0000_0000_0000 | UInt64(number) << 16, low: 0)
    }

    private static func tunnel(_ tid: TID, _ kind: Kind) -> TunnelSettings {
        TunnelSettings(
            tid: tid,
            number: TunnelNumber(rawValue: UInt32(tid.rawValue) + 5072) ?? Self.firstNumber,
            remote: kind == .sixInFour ? .fixed(.ipv4(Self.userIPv4(tid))) : .dynamic(.ayiya),
            state: .up,
            mtu: kind == .sixInFour ? 1480 : 1428,
            password: kind == .sixInFour ? nil : TunnelPassword(Self.password(tid))
        )
    }

    private static var firstNumber: TunnelNumber {
        guard let number = TunnelNumber(rawValue: 1) else { preconditionFailure("T1 is a tunnel") }
        return number
    }

    /// The user's end of a tunnel, out of the block for benchmarks (RFC 2544 appendix C.2.2).
    static func userIPv4(_ tid: TID) -> IPv4Address {
        IPv4Address(198 << 24 | 18 << 16 | UInt32(tid.rawValue))
    }

    static func password(_ tid: TID) -> String { "benchmark-password-\(tid)" }

    static func localAddress(_ tid: TID) -> IPv6Address { Self.address(tid, 1) }

    static func remoteAddress(_ tid: TID) -> IPv6Address { Self.address(tid, 2) }

    private static func address(_ tid: TID, _ interface: UInt64) -> IPv6Address {
        IPv6Address(high: Self.tunnelPrefix.high | UInt64(tid.rawValue), low: interface)
    }

    /// The outer header of what an AYIYA user sends.
    static func ayiyaOuter(_ tid: TID) -> OuterHeader {
        let path = OuterPath(
            local: .ipv4(Self.popIPv4),
            remote: .ipv4(Self.userIPv4(tid)),
            localPort: AYIYAPacket.port,
            remotePort: Self.userPort
        )
        return OuterHeader(path: path, trafficClass: 0)
    }
}
