/// The packets of a capture file in the classic format of libpcap (draft-ietf-opsawg-pcap), IP packets alone.
///
/// Both byte orders, times in microseconds or nanoseconds, link types Ethernet, raw IP and Linux "cooked".
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
        /// The first octets are not those of the format.
        case notACapture
        /// The link type is another, with its number.
        case unknownLink(UInt32)
        /// A record reaches beyond the file or its own limits; its number, from 1.
        case badRecord(Int)

        /// One sentence for people.
        public var description: String {
            switch self {
            case .notACapture: "expected a capture in pcap format"
            case .unknownLink(let type):
                "expected link type Ethernet, raw IP or Linux cooked, found \(type)"
            case .badRecord(let number):
                "expected a whole packet as number \(number), found the end of the file"
            }
        }
    }

    /// The packets in the order of the file; those that are not IP are left out.
    public let packets: [Packet]

    private static let headerLength = 24
    private static let recordLength = 16
    /// The longest packet that is accepted, in octets.
    private static let maximumLength: UInt32 = 262_144

    /// Reads a whole file.
    ///
    /// - Throws: ``Failure``.
    public init(_ file: [UInt8]) throws(Failure) {
        guard let format = Format(file) else { throw .notACapture }
        guard let link = Link(rawValue: format.word(at: 20, in: file) & 0xffff) else {
            throw .unknownLink(format.word(at: 20, in: file) & 0xffff)
        }
        var packets: [Packet] = []
        var offset = Self.headerLength
        var number = 0
        while offset < file.count {
            number += 1
            guard offset + Self.recordLength <= file.count else { throw .badRecord(number) }
            let captured = format.word(at: offset + 8, in: file)
            let start = offset + Self.recordLength
            guard captured <= Self.maximumLength, start + Int(captured) <= file.count else {
                throw .badRecord(number)
            }
            let frame = file[start..<start + Int(captured)]
            if let octets = link.payload(of: frame) {
                let isWhole = captured >= format.word(at: offset + 12, in: file)
                let time = Int64(format.word(at: offset, in: file))
                packets.append(Packet(time: time, octets: Array(octets), isWhole: isWhole))
            }
            offset = start + Int(captured)
        }
        self.packets = packets
    }
}

extension Capture {
    /// The order of the octets of a file's numbers.
    private struct Format {
        private let isBigEndian: Bool

        init?(_ file: [UInt8]) {
            guard file.count >= Capture.headerLength else { return nil }
            switch Array(file[0..<4]) {
            case [0xa1, 0xb2, 0xc3, 0xd4], [0xa1, 0xb2, 0x3c, 0x4d]: self.isBigEndian = true
            case [0xd4, 0xc3, 0xb2, 0xa1], [0x4d, 0x3c, 0xb2, 0xa1]: self.isBigEndian = false
            default: return nil
            }
        }

        func word(at offset: Int, in file: [UInt8]) -> UInt32 {
            let octets = file[offset..<offset + 4]
            return self.isBigEndian
                ? octets.reduce(0) { $0 << 8 | UInt32($1) }
                : octets.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    /// What stands in front of the IP header (https://www.tcpdump.org/linktypes.html).
    private enum Link: UInt32 {
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
