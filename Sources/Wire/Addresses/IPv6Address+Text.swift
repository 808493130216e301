extension IPv6Address {
    /// Parses the text forms of RFC 4291 §2.2, an embedded IPv4 address included; no zone, no prefix length.
    ///
    /// - Throws: ``SyntaxError`` when the text is anything else.
    public init(parsing text: some StringProtocol) throws(SyntaxError) {
        guard let groups = Self.groups(of: text) else {
            throw SyntaxError(expected: "an IPv6 address", found: String(text))
        }
        self.init(groups: groups)
    }

    private init(groups: [UInt16]) {
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        for (index, group) in groups.enumerated() {
            if index < 4 {
                halves.high = halves.high << 16 | UInt64(group)
            } else {
                halves.low = halves.low << 16 | UInt64(group)
            }
        }
        self.init(high: halves.high, low: halves.low)
    }

    /// The eight 16-bit groups, or nil when the text is not an address.
    private static func groups(of text: some StringProtocol) -> [UInt16]? {
        guard text.utf8.count <= 45 else { return nil }
        let octets = Array(text.utf8)
        guard let gap = Self.firstGap(in: octets) else {
            let groups = Self.run(octets[...], mayEndWithIPv4: true)
            return groups?.count == 8 ? groups : nil
        }
        let head = octets[..<gap]
        let tail = octets[(gap + 2)...]
        guard Self.firstGap(in: Array(tail)) == nil, tail.first != UInt8(ascii: ":"),
            let left = head.isEmpty ? [] : Self.run(head, mayEndWithIPv4: false),
            let right = tail.isEmpty ? [] : Self.run(tail, mayEndWithIPv4: true),
            left.count + right.count <= 7
        else { return nil }
        return left + Array(repeating: 0, count: 8 - left.count - right.count) + right
    }

    private static func firstGap(in octets: [UInt8]) -> Int? {
        zip(octets.indices, octets.indices.dropFirst()).first { first, second in
            octets[first] == UInt8(ascii: ":") && octets[second] == UInt8(ascii: ":")
        }?.0
    }

    private static func run(_ octets: ArraySlice<UInt8>, mayEndWithIPv4: Bool) -> [UInt16]? {
        let parts = octets.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if part.contains(UInt8(ascii: ".")) {
                guard mayEndWithIPv4, index == parts.count - 1,
                    let address = try? IPv4Address(parsing: String(decoding: part, as: UTF8.self))
                else { return nil }
                groups.append(UInt16(address.value >> 16))
                groups.append(UInt16(truncatingIfNeeded: address.value))
            } else {
                guard let group = Self.group(part) else { return nil }
                groups.append(group)
            }
        }
        return groups
    }

    private static func group(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(digits.count) else { return nil }
        var value: UInt16 = 0
        for digit in digits {
            guard let nibble = digit.hexadecimalValue else { return nil }
            value = value << 4 | UInt16(nibble)
        }
        return value
    }
}

extension IPv6Address: CustomStringConvertible {
    /// The address in the canonical text form of RFC 5952, IPv4-mapped ones in mixed notation (its §5).
    public var description: String {
        if let mapped = self.mappedIPv4Address { return "::ffff:\(mapped)" }
        let groups = self.groups
        guard let zeros = Self.longestZeroRun(in: groups) else { return Self.join(groups[...]) }
        return Self.join(groups[..<zeros.lowerBound]) + "::" + Self.join(groups[zeros.upperBound...])
    }

    private var groups: [UInt16] {
        (0..<8).map { index in
            let half = index < 4 ? self.high : self.low
            return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index % 4)))
        }
    }

    /// The first of the longest runs of two or more zero groups (RFC 5952 §4.2).
    private static func longestZeroRun(in groups: [UInt16]) -> Range<Int>? {
        var best = 0..<0
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start > best.count { best = start..<end }
            start = max(end, start + 1)
        }
        return best.count >= 2 ? best : nil
    }

    private static func join(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }
}

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
}
