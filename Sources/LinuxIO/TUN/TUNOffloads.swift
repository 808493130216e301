internal import CLinux
internal import Glibc

/// What a TUN device may hand over in one packet.
public struct TUNOffloads: OptionSet, Hashable, Sendable {
    /// The bits, as TUNSETOFFLOAD has them.
    public let rawValue: UInt32

    /// Creates offloads from the kernel's bits.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Packets whose checksum is not complete.
    public static let checksum = TUNOffloads(rawValue: UInt32(CLINUX_TUN_CHECKSUM))

    /// Several TCP segments over IPv6.
    public static let tcp = TUNOffloads(rawValue: UInt32(CLINUX_TUN_TCP_OVER_IPV6))

    /// Several TCP segments of a connection that speaks ECN.
    public static let tcpWithECN = TUNOffloads(rawValue: UInt32(CLINUX_TUN_TCP_WITH_ECN))

    /// Several UDP datagrams (since Linux 6.2).
    public static let udp = TUNOffloads(rawValue: UInt32(CLINUX_TUN_UDP))

    /// What is asked for, the best first.
    static let ladder: [TUNOffloads] = [
        [.checksum, .tcp, .tcpWithECN, .udp], [.checksum, .tcp, .tcpWithECN], [.checksum, .tcp], [.checksum],
    ]

    /// Asks for the best that is granted.
    ///
    /// - Parameter ask: Whether the kernel grants something.
    /// - Returns: What it granted; nothing when it refused everything.
    static func best(_ ask: (TUNOffloads) -> Bool) -> TUNOffloads {
        self.ladder.first(where: ask) ?? []
    }

    /// Asks a device for as much as its kernel knows.
    static func granted(on fileDescriptor: CInt) -> TUNOffloads {
        // Linux 4.x on; without it headers are in the machine's order, which is the same on all that this is built for.
        _ = clinux_tun_set_little_endian(fileDescriptor)
        return self.best { clinux_tun_set_offloads(fileDescriptor, $0.rawValue) == 0 }
    }
}
