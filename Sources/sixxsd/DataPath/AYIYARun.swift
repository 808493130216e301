import Core
import LinuxIO
import Wire

/// Outer packets of AYIYA that a UDP socket can send as one message (UDP_SEGMENT): same ends, same traffic class, same
/// length, but for the last, which may be shorter.
///
/// The engine made the packets: what is looked at here is only what tells them apart.
struct AYIYARun {
    private enum Offset {
        static let trafficClass4 = 1
        /// Identification, flags and fragment offset.
        static let fragmentation4 = 4
        static let protocol4 = 9
        static let addresses4 = 12
        static let nextHeader6 = 6
        static let addresses6 = 8
    }

    private static let dontFragment: UInt32 = 0x4000
    private static let fragmentationBits: UInt32 = 0xffff

    private let head: UnsafeRawBufferPointer
    private let isIPv4: Bool
    private var datagrams: DatagramRun

    /// Begins a run with a packet; nil when it can't be part of one.
    init?(_ packet: UnsafeRawBufferPointer) {
        guard packet.count > IPv6Packet.headerLength + UDPDatagram.headerLength else { return nil }
        self.head = packet
        self.isIPv4 = packet[0] >> 4 == 4
        if self.isIPv4 {
            let fragmentation: UInt32 = Self.read(packet, Offset.fragmentation4)
            guard packet[Offset.protocol4] == ProtocolNumber.udp,
                fragmentation & Self.fragmentationBits == Self.dontFragment
            else { return nil }
        } else {
            guard packet[Offset.nextHeader6] == ProtocolNumber.udp else { return nil }
        }
        let headerLength = Self.headerLength(isIPv4: self.isIPv4)
        self.datagrams = DatagramRun(length: packet.count - headerLength)
        let port: UInt16 = Self.read(packet, headerLength - UDPDatagram.headerLength)
        guard port == AYIYAPacket.port else { return nil }
    }

    private static func read<T: FixedWidthInteger & BitwiseCopyable>(
        _ packet: UnsafeRawBufferPointer,
        _ offset: Int
    ) -> T {
        T(bigEndian: packet.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    private static func headerLength(isIPv4: Bool) -> Int {
        (isIPv4 ? IPv4Packet.minimumHeaderLength : IPv6Packet.headerLength) + UDPDatagram.headerLength
    }

    /// Octets in front of the payload of each packet.
    var headerLength: Int { Self.headerLength(isIPv4: self.isIPv4) }

    /// Where the UDP header begins, in octets.
    private var ports: Int { self.headerLength - UDPDatagram.headerLength }

    /// What the kernel is told of the run.
    var description: TransmitBatch.Run {
        let addresses = RawSpan(_unsafeBytes: self.head)
        return TransmitBatch.Run(
            from: self.isIPv4
                ? .ipv4(addresses.ipv4Address(at: Offset.addresses4))
                : .ipv6(addresses.ipv6Address(at: Offset.addresses6)),
            to: self.isIPv4
                ? .ipv4(addresses.ipv4Address(at: Offset.addresses4 + 4))
                : .ipv6(addresses.ipv6Address(at: Offset.addresses6 + 16)),
            port: Self.read(self.head, self.ports + 2),
            trafficClass: self.isIPv4
                ? self.head[Offset.trafficClass4]
                : UInt8(truncatingIfNeeded: Self.read(self.head, 0) as UInt16 >> 4),
            segmentSize: UInt16(clamping: self.datagrams.segmentSize)
        )
    }

    /// Takes another packet into the run if it may be part of it.
    mutating func takes(_ packet: UnsafeRawBufferPointer) -> Bool {
        guard let other = AYIYARun(packet), other.isIPv4 == self.isIPv4, self.hasSameHeader(as: packet) else {
            return false
        }
        return self.datagrams.takes(length: packet.count - self.headerLength)
    }

    /// Compares version, traffic class, addresses and ports.
    private func hasSameHeader(as packet: UnsafeRawBufferPointer) -> Bool {
        let ports = self.ports
        guard Self.read(self.head, 0) as UInt16 == Self.read(packet, 0) as UInt16,
            Self.read(self.head, ports) as UInt32 == Self.read(packet, ports) as UInt32
        else { return false }
        let addresses =
            self.isIPv4
            ? Offset.addresses4..<Offset.addresses4 + 8 : Offset.addresses6..<Offset.addresses6 + 32
        return stride(from: addresses.lowerBound, to: addresses.upperBound, by: 8).allSatisfy {
            Self.read(self.head, $0) as UInt64 == Self.read(packet, $0) as UInt64
        }
    }
}
