import Testing

@testable import Wire

/// What a writer leaves in a buffer that held something else before.
func written(_ before: [UInt8], by write: (inout MutableRawSpan) -> Void) -> [UInt8] {
    var octets = before
    var span = octets.mutableSpan
    var buffer = span.mutableBytes
    write(&buffer)
    return octets
}

/// As ``written(_:by:)``, for a buffer of so many octets of noise.
func written(_ count: Int, by write: (inout MutableRawSpan) -> Void) -> [UInt8] {
    written([UInt8](repeating: 0xee, count: count), by: write)
}

/// Why a decoder refuses some octets, or nil when it takes them.
func refusal(of octets: [UInt8], by decode: (RawSpan) throws(DecodeError) -> Void) -> DecodeError? {
    do throws(DecodeError) {
        try decode(octets.span.bytes)
        return nil
    } catch {
        return error
    }
}

/// Expects that every proper beginning of some octets is refused as truncated, and that the whole is taken.
func expectTruncationsRefused(
    of octets: [UInt8],
    by decode: (RawSpan) throws(DecodeError) -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    for count in 0..<octets.count {
        guard
            case .truncated(let needed, available: count) = refusal(
                of: Array(octets.prefix(count)),
                by: decode
            ),
            needed > count, needed <= octets.count
        else {
            Issue.record(
                "the first \(count) octets are not refused as truncated",
                sourceLocation: sourceLocation
            )
            continue
        }
    }
    #expect(refusal(of: octets, by: decode) == nil, sourceLocation: sourceLocation)
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
}
