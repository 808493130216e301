/// A pcapng file of one interface with raw IP packets (draft-ietf-opsawg-pcapng), written piece by piece.
///
/// Every piece is whole blocks, so that a file is whole after each of them.
public enum PcapngWriter {
    private static let rawIP: UInt16 = 101

    /// How long a comment may be, in octets: its length has 16 bits.
    private static let longestComment = 60_000

    /// The beginning of a file: a section in little-endian order with one interface, whose times are in microseconds.
    ///
    /// - Parameters:
    ///   - interface: What the interface is called.
    ///   - program: What wrote the file.
    /// - Returns: The octets.
    public static func head(interface: String, program: String) -> [UInt8] {
        let section =
            Self.number(UInt32(0x1a2b_3c4d)) + Self.number(UInt16(1)) + Self.number(UInt16(0))
            + Self.number(UInt64.max) + Self.options([(code: 4, value: Array(program.utf8))])
        let description =
            Self.number(Self.rawIP) + Self.number(UInt16(0)) + Self.number(UInt32(0))
            + Self.options([(code: 2, value: Array(interface.utf8))])
        return Self.block(0x0a0d_0d0a, section) + Self.block(1, description)
    }

    /// A packet.
    ///
    /// - Parameters:
    ///   - octets: From its IP header on.
    ///   - microseconds: When it came, since 1970.
    ///   - comment: What is to be read beside it.
    /// - Returns: The octets.
    public static func packet(_ octets: [UInt8], at microseconds: UInt64, comment: String) -> [UInt8] {
        let count = UInt32(clamping: octets.count)
        let comment = Array(comment.utf8.prefix(Self.longestComment))
        let body =
            Self.number(UInt32(0)) + Self.number(UInt32(truncatingIfNeeded: microseconds >> 32))
            + Self.number(UInt32(truncatingIfNeeded: microseconds)) + Self.number(count) + Self.number(count)
            + Self.padded(octets) + Self.options([(code: 1, value: comment)])
        return Self.block(6, body)
    }

    private static func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
        let length = Self.number(UInt32(clamping: body.count + 12))
        return Self.number(type) + length + body + length
    }

    private static func options(_ options: [(code: UInt16, value: [UInt8])]) -> [UInt8] {
        let all = options.flatMap { option in
            Self.number(option.code) + Self.number(UInt16(clamping: option.value.count))
                + Self.padded(option.value)
        }
        return all + Self.number(UInt32(0))
    }

    private static func padded(_ octets: [UInt8]) -> [UInt8] {
        octets + [UInt8](repeating: 0, count: (4 - octets.count % 4) % 4)
    }

    private static func number<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> Number($0 * 8)) }
    }
}
