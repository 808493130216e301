/// A 32-bit IPv4 address, held in host order.
public struct IPv4Address: Hashable, Sendable, Comparable {
    /// The four octets as one number, the first octet in the most significant place.
    public let value: UInt32

    /// Creates an address from its number in host order.
    public init(_ value: UInt32) {
        self.value = value
    }

    /// Creates an address from its four octets, in the order they are written.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        self.value = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// Parses dotted-decimal notation: four numbers from 0 to 255, no leading zeros, nothing else.
    ///
    /// - Throws: ``SyntaxError`` when the text is anything else.
    public init(parsing text: some StringProtocol) throws(SyntaxError) {
        guard let address = IPv4Address(octets: Array(text.utf8)[...]) else {
            throw SyntaxError(expected: "an IPv4 address", found: String(text))
        }
        self = address
    }

    /// Reads the same from octets, or gives nil.
    init?(octets: ArraySlice<UInt8>) {
        var value: UInt32 = 0
        var number: UInt32 = 0
        var digits = 0
        var dots = 0
        for octet in octets {
            if octet == UInt8(ascii: "."), digits > 0, dots < 3 {
                value = value << 8 | number
                (number, digits, dots) = (0, 0, dots + 1)
                continue
            }
            let isLeadingZero = digits > 0 && number == 0
            guard octet.isDecimalDigit, !isLeadingZero else { return nil }
            number = number * 10 + UInt32(octet - UInt8(ascii: "0"))
            digits += 1
            guard number <= 255 else { return nil }
        }
        guard digits > 0, dots == 3 else { return nil }
        self.value = value << 8 | number
    }

    /// Orders by number.
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.value < rhs.value }

    /// Whether the address is `0.0.0.0`.
    public var isUnspecified: Bool { self.value == 0 }

    /// Whether the address lies in `0.0.0.0/8` ("this network", RFC 1122 §3.2.1.3).
    public var isThisNetwork: Bool { self.value >> 24 == 0 }

    /// Whether the address lies in `127.0.0.0/8` (RFC 1122 §3.2.1.3).
    public var isLoopback: Bool { self.value >> 24 == 127 }

    /// Whether the address lies in `169.254.0.0/16` (RFC 3927).
    public var isLinkLocal: Bool { self.value >> 16 == 0xa9fe }

    /// Whether a host on the public internet can have the address: not private (RFC 1918), shared (RFC 6598), for documentation
    /// (RFC 5737), benchmarks (RFC 2544) or protocols (RFC 6890), nor any that is no single host's.
    public var isOfPublicInternet: Bool {
        let special: [(UInt32, UInt32)] = [
            (0x0a00_0000, 8), (0xac10_0000, 12), (0xc0a8_0000, 16), (0x6440_0000, 10), (0xc000_0200, 24),
            (0xc633_6400, 24), (0xcb00_7100, 24), (0xc612_0000, 15), (0xc000_0000, 24), (0xc058_6300, 24),
        ]
        return self.isUnicast && !self.isLinkLocal
            && !special.contains { block, length in self.value >> (32 - length) == block >> (32 - length) }
    }

    /// Whether the address lies in `224.0.0.0/4` (RFC 5771).
    public var isMulticast: Bool { self.value >> 28 == 0xe }

    /// Whether the address lies in `240.0.0.0/4`, the limited broadcast address included (RFC 1112 §4).
    public var isReserved: Bool { self.value >> 28 == 0xf }

    /// Whether one host on the internet or a private network can own this address.
    public var isUnicast: Bool {
        !self.isThisNetwork && !self.isLoopback && !self.isMulticast && !self.isReserved
    }
}

extension IPv4Address: CustomStringConvertible {
    /// The address in dotted-decimal notation.
    public var description: String {
        "\(self.value >> 24).\(self.value >> 16 & 0xff).\(self.value >> 8 & 0xff).\(self.value & 0xff)"
    }
}
