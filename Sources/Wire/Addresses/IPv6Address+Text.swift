extension IPv6Address {
    /// Parses the text forms of RFC 4291 §2.2, an embedded IPv4 address included; no zone, no prefix length.
    ///
    /// - Throws: ``SyntaxError`` when the text is anything else.
    public init(parsing text: some StringProtocol) throws(SyntaxError) {
        guard let address = IPv6Address(octets: Array(text.utf8)[...]) else {
            throw SyntaxError(expected: "an IPv6 address", found: String(text))
        }
        self = address
    }

    /// Reads the same from octets, or gives nil.
    init?(octets: ArraySlice<UInt8>) {
        guard octets.count <= 45 else { return nil }
        guard let gap = Self.firstGap(in: octets) else {
            guard let all = GroupRun(octets, mayEndWithIPv4: true), all.count == 8 else { return nil }
            self.init(all.value)
            return
        }
        guard let left = GroupRun(octets[..<gap], mayEndWithIPv4: false),
            let right = GroupRun(octets[(gap + 2)...], mayEndWithIPv4: true), left.count + right.count <= 7
        else { return nil }
        self.init(left.value << UInt128(16 * (8 - left.count)) | right.value)
    }

    private init(_ value: UInt128) {
        self.init(high: UInt64(value >> 64), low: UInt64(truncatingIfNeeded: value))
    }

    /// Where the first `::` stands.
    private static func firstGap(in octets: ArraySlice<UInt8>) -> Int? {
        octets.indices.dropLast().first { index in
            octets[index] == UInt8(ascii: ":") && octets[index + 1] == UInt8(ascii: ":")
        }
    }
}

/// Groups of hexadecimal digits with colons between them.
private struct GroupRun {
    /// The groups as one number, the last in the least significant place.
    private(set) var value: UInt128 = 0

    /// How many groups there are; an IPv4 address counts for two.
    private(set) var count = 0

    /// Reads groups, at most 45 octets, or none; gives nil when there is anything else.
    init?(_ octets: ArraySlice<UInt8>, mayEndWithIPv4: Bool) {
        var rest = octets
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ":"))
            if let group = rest[..<(end ?? rest.endIndex)].hexadecimalValue {
                self.append(group)
            } else if end == nil, mayEndWithIPv4, let address = IPv4Address(octets: rest) {
                self.append(UInt16(address.value >> 16))
                self.append(UInt16(truncatingIfNeeded: address.value))
            } else {
                return nil
            }
            guard let end else { return }
            rest = rest[(end + 1)...]
            // A group must follow the colon.
            if rest.isEmpty { return nil }
        }
    }

    private mutating func append(_ group: UInt16) {
        self.value = self.value << 16 | UInt128(group)
        self.count += 1
    }
}

extension IPv6Address: CustomStringConvertible {
    /// The address in the canonical text form of RFC 5952, IPv4-mapped ones in mixed notation (its §5).
    public var description: String {
        if let mapped = self.mappedIPv4Address { return "::ffff:\(mapped)" }
        let zeros = self.longestZeroRun
        // Lists have tens of thousands: octets are put together in less time than strings.
        var text: [UInt8] = []
        text.reserveCapacity(39)
        for index in 0..<8 where !zeros.contains(index) {
            // The run's own colons stand before the group behind it.
            let follows = !zeros.isEmpty && index == zeros.upperBound
            let colons = follows ? 2 : index > 0 ? 1 : 0
            for _ in 0..<colons { text.append(UInt8(ascii: ":")) }
            self.group(index).appendHexadecimal(to: &text)
        }
        if zeros.upperBound == 8 { text += "::".utf8 }
        return String(decoding: text, as: UTF8.self)
    }

    private func group(_ index: Int) -> UInt16 {
        let half = index < 4 ? self.high : self.low
        return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index % 4)))
    }

    /// The first of the longest runs of two or more zero groups (RFC 5952 §4.2); empty at 0 when there is none.
    private var longestZeroRun: Range<Int> {
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, self.group(end) == 0 { end += 1 }
            if end - start > best.count { best = start..<end }
            start = max(end, start + 1)
        }
        return best.count >= 2 ? best : 0..<0
    }
}

extension UInt16 {
    /// Appends hexadecimal digits, without leading zeros and in lower case.
    fileprivate func appendHexadecimal(to text: inout [UInt8]) {
        let digits = Swift.max(1, (19 - self.leadingZeroBitCount) / 4)
        for digit in (0..<digits).reversed() {
            let value = UInt8(truncatingIfNeeded: self >> UInt16(4 * digit)) & 0xf
            text.append(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
        }
    }
}
