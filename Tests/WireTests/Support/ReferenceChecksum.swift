import Wire

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
    let numbers = [
        source.high, source.low, destination.high, destination.low, UInt64(length) << 32 | UInt64(nextHeader),
    ]
    return numbers.flatMap { number in
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
    }
}
