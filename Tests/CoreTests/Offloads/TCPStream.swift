import TestSupport
import Testing
import Wire

/// TCP over IPv6 as octets, written apart from what is tested.
struct TCPSegment: Hashable {
    var source = ipv6("2001:db8:ffff::10")
    var destination = ipv6("2001:db8:2ff::2")
    var ports: (source: UInt16, destination: UInt16) = (40000, 5001)
    var sequence: UInt32 = 1
    var acknowledgement: UInt32 = 7
    var flags: UInt8 = 0x10
    var window: UInt16 = 500
    var options: [UInt8] = []
    var trafficClass: UInt8 = 0
    var flowLabel: UInt32 = 0
    var hopLimit: UInt8 = 64
    /// Between the IPv6 header and TCP's.
    var extensions: [UInt8] = []
    var payload: [UInt8] = []
    /// Added to the right checksum, to have a wrong one.
    var checksumError: UInt16 = 0

    static func == (lhs: Self, rhs: Self) -> Bool { lhs.octets == rhs.octets }
    func hash(into hasher: inout Hasher) { hasher.combine(self.octets) }

    private var tcpWithoutChecksum: [UInt8] {
        var head = [self.ports.source, self.ports.destination].flatMap(\.octets)
        head += self.sequence.octets + self.acknowledgement.octets
        head += [UInt8((20 + self.options.count) / 4) << 4, self.flags] + self.window.octets + [0, 0, 0, 0]
        return head + self.options + self.payload
    }

    /// The sum of the pseudo-header (RFC 8200 §8.1), folded.
    var pseudoHeaderSum: UInt16 {
        let length = UInt32(self.tcpWithoutChecksum.count)
        return onesComplementSum(
            self.source.octets + self.destination.octets + length.octets + [0, 0, 0, 6]
        )
    }

    /// The whole packet with any checksum.
    func octets(checksum: UInt16) -> [UInt8] {
        var tcp = self.tcpWithoutChecksum
        tcp.replaceSubrange(16..<18, with: checksum.octets)
        let length = UInt16(self.extensions.count + tcp.count)
        let first = 6 << 28 | UInt32(self.trafficClass) << 20 | self.flowLabel
        let next: UInt8 = self.extensions.isEmpty ? 6 : 60
        return first.octets + length.octets + [next, self.hopLimit] + self.source.octets
            + self.destination.octets
            + self.extensions + tcp
    }

    /// The whole packet as it goes on the wire.
    var octets: [UInt8] {
        let sum = onesComplementSum(self.pseudoHeaderSum.octets + self.tcpWithoutChecksum)
        return self.octets(checksum: ~sum &+ self.checksumError)
    }
}

/// The ones' complement sum of 16-bit words (RFC 1071), one by one.
func onesComplementSum(_ octets: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: octets.count, by: 2) {
        sum += UInt32(octets[index]) << 8 | (index + 1 < octets.count ? UInt32(octets[index + 1]) : 0)
        sum = (sum & 0xffff) + sum >> 16
    }
    return UInt16(sum)
}

extension FixedWidthInteger {
    /// The octets in network order.
    var octets: [UInt8] {
        stride(from: Self.bitWidth - 8, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: self >> Self($0))
        }
    }
}
