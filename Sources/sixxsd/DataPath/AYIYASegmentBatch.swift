import Core
import LinuxIO
import Wire

/// Outer packets of AYIYA that a UDP socket can send as one message (UDP_SEGMENT): same ends, same traffic class, same
/// length, but for the last, which may be shorter.
///
/// The engine made the packets: what is looked at here is only what tells them apart.
struct AYIYASegmentBatch {
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
    private static let flowLabelBits: UInt32 = 0xf_ffff

    private let head: UnsafeRawBufferPointer
    private let isIPv4: Bool
    private var segments: UDPSegmentBatch

    /// Begins a batch with a packet; nil when it can't be part of one.
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
        self.segments = UDPSegmentBatch(length: packet.count - headerLength)
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

    /// What the kernel is told of the batch.
    var description: TransmitBatch.Segments {
        let addresses = RawSpan(_unsafeBytes: self.head)
        return TransmitBatch.Segments(
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
            segmentSize: UInt16(clamping: self.segments.segmentSize),
            flowLabel: self.isIPv4 ? 0 : Self.read(self.head, 0) & Self.flowLabelBits
        )
    }

    /// Takes another packet into the batch if it may be part of it.
    mutating func takes(_ packet: UnsafeRawBufferPointer) -> Bool {
        guard packet.count > Self.headerLength(isIPv4: false), self.hasSameHeader(as: packet) else {
            return false
        }
        return self.segments.takes(length: packet.count - self.headerLength)
    }

    /// Compares version, traffic class, flow label, protocol, fragmentation, addresses and ports, a word of 8 octets at a time.
    @inline(__always)
    private func hasSameHeader(as packet: UnsafeRawBufferPointer) -> Bool {
        func difference(_ offset: Int, in bits: UInt64 = .max) -> UInt64 {
            (Self.read(self.head, offset) ^ Self.read(packet, offset)) & bits
        }
        if self.isIPv4 {
            // Neither length and identification, which the kernel counts itself, nor hop limit and checksum.
            return difference(0, in: 0xffff_0000_0000_ffff) | difference(8, in: 0x00ff_0000_ffff_ffff)
                | difference(16) == 0
        }
        // Neither length, nor hop limit.
        return difference(0, in: 0xffff_ffff_0000_ff00) | difference(8) | difference(16) | difference(24)
            | difference(32) | difference(40, in: 0xffff_ffff_0000_0000) == 0
    }
}
