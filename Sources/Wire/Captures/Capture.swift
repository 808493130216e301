/// The packets of a capture file, IP packets alone.
///
/// Reads the classic format of libpcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), both byte orders, link
/// types Ethernet, raw IP and Linux "cooked".
public struct Capture: Hashable, Sendable {
    /// One packet as it was captured, without the link's header.
    public struct Packet: Hashable, Sendable {
        /// When it was seen, in seconds since 1970.
        public let time: Int64
        /// Its octets from the IP header on; fewer than were sent when the capture was cut short.
        public let octets: [UInt8]
        /// Whether the whole packet was captured.
        public let isWhole: Bool
    }

    /// Why a file is no capture that can be read.
    public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The first octets are not those of a format.
        case notACapture
        /// The link type is another, with its number.
        case unknownLink(UInt32)
        /// A record reaches beyond the file or its own limits; its number, from 1.
        case badRecord(Int)
        /// A block of a pcapng file, which begins at the octet, reaches beyond the file or contradicts itself.
        case badBlock(Int)
        /// A block of a pcapng file, which begins at the octet, names an interface that the file doesn't describe.
        case unknownInterface(Int)

        /// One sentence for people.
        public var description: String {
            switch self {
            case .notACapture: "expected a capture in pcap or pcapng format"
            case .unknownLink(let type):
                "expected link type Ethernet, raw IP or Linux cooked, found \(type): capture on another interface"
            case .badRecord(let number):
                "expected a whole packet as number \(number), found the end of the file"
            case .badBlock(let offset):
                "expected a whole block at octet \(offset), found the end of the file or lengths that do not fit"
            case .unknownInterface(let offset):
                "the packet at octet \(offset) belongs to an interface that the file does not describe"
            }
        }
    }

    /// The packets in the order of the file; those that are not IP are left out.
    public let packets: [Packet]

    /// The longest packet that is accepted, in octets.
    static let maximumLength: UInt32 = 262_144

    /// Reads a whole file.
    ///
    /// - Throws: ``Failure``.
    public init(_ file: [UInt8]) throws(Failure) {
        if PcapngReader.recognizes(file) {
            var reader = PcapngReader(file)
            self.packets = try reader.packets()
        } else {
            self.packets = try PcapReader.packets(of: file)
        }
    }

    /// The order of the octets of a file's numbers.
    enum ByteOrder: Sendable {
        case bigEndian
        case littleEndian

        /// Reads a number; traps unless its octets are there.
        func number(at offset: Int, octets count: Int, in file: [UInt8]) -> UInt64 {
            let octets = file[offset..<offset + count]
            switch self {
            case .bigEndian: return octets.reduce(0) { $0 << 8 | UInt64($1) }
            case .littleEndian: return octets.reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
        }

        /// Reads a number of four octets; traps unless they are there.
        func word(at offset: Int, in file: [UInt8]) -> UInt32 {
            UInt32(truncatingIfNeeded: self.number(at: offset, octets: 4, in: file))
        }
    }

    /// What stands in front of the IP header (https://www.tcpdump.org/linktypes.html).
    enum Link: UInt32 {
        case ethernet = 1
        case rawBSD = 12
        case rawOpenBSD = 14
        case raw = 101
        case linuxCooked = 113
        case rawIPv4 = 228
        case rawIPv6 = 229
        case linuxCooked2 = 276

        private static let ipv4: UInt16 = 0x0800
        private static let ipv6: UInt16 = 0x86dd
        private static let vlanTags: Set<UInt16> = [0x8100, 0x88a8, 0x9100]

        /// The IP packet in a frame, or nil when it holds none.
        func payload(of frame: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
            switch self {
            case .ethernet: Self.behindEtherType(at: 12, of: frame)
            case .linuxCooked: Self.behindEtherType(at: 14, of: frame)
            case .linuxCooked2: Self.isIP(frame, at: 0) ? frame.dropFirst(20) : nil
            case .raw, .rawBSD, .rawOpenBSD, .rawIPv4, .rawIPv6: frame.isEmpty ? nil : frame
            }
        }

        /// Skips the tags of VLANs.
        private static func behindEtherType(at offset: Int, of frame: ArraySlice<UInt8>) -> ArraySlice<UInt8>?
        {
            var offset = offset
            while let type = Self.type(frame, at: offset), Self.vlanTags.contains(type) { offset += 4 }
            return Self.isIP(frame, at: offset) ? frame.dropFirst(offset + 2) : nil
        }

        private static func isIP(_ frame: ArraySlice<UInt8>, at offset: Int) -> Bool {
            let type = Self.type(frame, at: offset)
            return type == Self.ipv4 || type == Self.ipv6
        }

        private static func type(_ frame: ArraySlice<UInt8>, at offset: Int) -> UInt16? {
            guard frame.count >= offset + 2 else { return nil }
            let start = frame.startIndex + offset
            return UInt16(frame[start]) << 8 | UInt16(frame[start + 1])
        }
    }
}
