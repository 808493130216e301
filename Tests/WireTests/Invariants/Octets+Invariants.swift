import Wire

extension Array where Element == UInt8 {
    /// What a writer leaves in these octets.
    func rewritten(by write: (inout MutableRawSpan) -> Void) -> [UInt8] {
        var octets = self
        var span = octets.mutableSpan
        var buffer = span.mutableBytes
        write(&buffer)
        return octets
    }

    /// The octets from one position up to another, with nothing beyond the end.
    func part(_ start: Int, _ end: Int = .max) -> [UInt8] {
        let start = Swift.min(start, self.count)
        return Array(self[start..<Swift.max(start, Swift.min(end, self.count))])
    }

    /// The big-endian number at a position.
    func word(at index: Int) -> Int {
        Int(self[index]) << 8 | Int(self[index + 1])
    }

    /// The IPv6 address at a position, zeros for what lies beyond the end.
    func address(at index: Int) -> IPv6Address {
        let octets = self.part(index, index + 16)
        let number = { (range: Range<Int>) in
            range.reduce(UInt64(0)) { $0 << 8 | UInt64($1 < octets.count ? octets[$1] : 0) }
        }
        return IPv6Address(high: number(0..<8), low: number(8..<16))
    }
}

/// The checksum of RFC 1071, word by word with the end-around carry at each step, as its §1 describes it.
func referenceChecksum(_ octets: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: octets.count, by: 2) {
        let low = index + 1 < octets.count ? octets[index + 1] : 0
        sum += UInt32(octets[index]) << 8 | UInt32(low)
        if sum > 0xffff { sum = sum - 0x10000 + 1 }
    }
    return ~UInt16(sum)
}

/// The pseudo-header of RFC 8200 §8.1 as octets.
func pseudoHeader(
    _ source: IPv6Address,
    _ destination: IPv6Address,
    length: Int,
    nextHeader: UInt8
) -> [UInt8] {
    let numbers = [source.high, source.low, destination.high, destination.low]
    let last = UInt64(length) << 32 | UInt64(nextHeader)
    return (numbers + [last]).flatMap { number in
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
    }
}
