/// Octets of a URL that stand for others, as `%2F` for a slash (RFC 3986 §2.1).
public enum PercentEncoding {
    /// What a `+` stands for.
    public enum Plus: Hashable, Sendable {
        /// Itself, as in paths.
        case plus
        /// A blank, as in queries and forms.
        case blank
    }

    /// Characters that stand for themselves wherever they are (RFC 3986 §2.3).
    private static func isUnreserved(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - text: The text as it stands in a URL.
    ///   - plus: What a `+` stands for.
    /// - Returns: The text that is meant; nil when a `%` is not followed by two hexadecimal digits, or when what is
    ///   meant is no UTF-8 or has a NUL in it.
    public static func decode(_ text: some StringProtocol, plus: Plus) -> String? {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.utf8.count)
        var rest = text.utf8.makeIterator()
        while let octet = rest.next() {
            switch octet {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(Self.digit), let low = rest.next().flatMap(Self.digit)
                else { return nil }
                octets.append(high << 4 | low)
            case UInt8(ascii: "+") where plus == .blank: octets.append(0x20)
            default: octets.append(octet)
            }
        }
        return octets.contains(0) ? nil : String(validating: octets, as: UTF8.self)
    }

    /// Writes a text so that it can stand in a path's segment, or in a query.
    public static func encode(_ text: String) -> String {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.utf8.count)
        let digits = Array("0123456789ABCDEF".utf8)
        for octet in text.utf8 {
            if Self.isUnreserved(octet) {
                octets.append(octet)
            } else {
                octets += [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 0xF)]]
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }

    private static func digit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x41 + 10
        case 0x61...0x66: octet - 0x61 + 10
        default: nil
        }
    }
}
