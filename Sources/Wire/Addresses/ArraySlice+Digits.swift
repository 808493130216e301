extension UInt8 {
    /// The value of an ASCII hexadecimal digit of either case, or nil.
    var hexadecimalValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Whether the octet is an ASCII decimal digit.
    var isDecimalDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// The octet, an upper-case ASCII letter turned into the lower-case one.
    fileprivate var lowercased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}

extension ArraySlice<UInt8> {
    /// The value of decimal digits, or nil when there are none, there is anything else, or it is over 10^18.
    var decimalValue: Int? {
        guard !self.isEmpty else { return nil }
        var value = 0
        for octet in self {
            guard octet.isDecimalDigit, value < 100_000_000_000_000_000 else { return nil }
            value = value * 10 + Int(octet - UInt8(ascii: "0"))
        }
        return value
    }

    /// The value of one to four hexadecimal digits of either case, or nil when there is anything else.
    var hexadecimalValue: UInt16? {
        guard (1...4).contains(self.count) else { return nil }
        var value: UInt16 = 0
        for octet in self {
            guard let nibble = octet.hexadecimalValue else { return nil }
            value = value << 4 | UInt16(nibble)
        }
        return value
    }

    /// Whether the octets spell a keyword of lower-case ASCII, in any case.
    func spells(_ keyword: String) -> Bool {
        self.count == keyword.utf8.count && zip(self, keyword.utf8).allSatisfy { $0.lowercased == $1 }
    }
}
