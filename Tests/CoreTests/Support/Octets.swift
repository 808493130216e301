import Testing
import Wire

/// What a writer leaves in front of a payload that is in place.
func written(_ count: Int, before payload: [UInt8], by write: (inout MutableRawSpan) -> Void) -> [UInt8] {
    var octets = [UInt8](repeating: 0xee, count: count) + payload
    var span = octets.mutableSpan
    var buffer = span.mutableBytes
    write(&buffer)
    return octets
}

/// An address that a test writes down; one that is mistyped is an issue.
func ipv6(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> IPv6Address {
    do { return try IPv6Address(parsing: text) } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
        return .unspecified
    }
}

/// As ``ipv6(_:sourceLocation:)``, for either family.
func ip(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> IPAddress {
    do { return try IPAddress(parsing: text) } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
        return .ipv6(.unspecified)
    }
}

/// A tunnel's number that a test writes down in hexadecimal; one out of range is an issue.
func tid(_ number: UInt16, sourceLocation: SourceLocation = #_sourceLocation) -> TID {
    if let tid = TID(rawValue: number) { return tid }
    Issue.record("no tid: \(number)", sourceLocation: sourceLocation)
    return .first
}

extension TID {
    /// The lowest number.
    static var first: TID {
        get { TID.allCases[0] }
    }

    /// All numbers.
    static let allCases = (0..<UInt16(TID.capacity)).compactMap { TID(rawValue: $0) }
}

extension Array where Element == UInt8 {
    /// The same octets with one of them replaced.
    func with(_ octet: UInt8, at index: Int) -> [UInt8] {
        var copy = self
        copy[index] = octet
        return copy
    }

    /// The same octets with two of them replaced by a number in network order.
    func with(word: UInt16, at index: Int) -> [UInt8] {
        self.with(UInt8(word >> 8), at: index).with(UInt8(truncatingIfNeeded: word), at: index + 1)
    }

    /// The octets from an offset on; none when there are not so many.
    func from(_ offset: Int) -> [UInt8] { Array(self.dropFirst(offset)) }

    /// DSCP and ECN of the IPv6 packet that the octets are; nil for none.
    var trafficClass: UInt8? {
        self.word(at: 0).map { UInt8(truncatingIfNeeded: $0 >> 4) }
    }

    /// The number in network order at an offset; nil beyond the end.
    func word(at offset: Int) -> UInt16? {
        guard offset + 2 <= self.count else { return nil }
        return UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }
}
