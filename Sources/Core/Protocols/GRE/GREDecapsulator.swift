internal import Wire

/// Takes GRE apart: a header of 4 octets and its options in front of the inner packet (RFC 2784, RFC 7676).
enum GREDecapsulator {
    /// Checks a GRE header.
    ///
    /// - Parameter payload: What stands behind the outer header.
    /// - Returns: Length of the header with its options, in octets.
    /// - Throws: Why it is none.
    static func headerLength(of payload: RawSpan) throws(DropReason) -> Int {
        do { return try GREPacket(payload).headerLength } catch {
            switch error {
            case .wrongChecksum: throw .wrongChecksum
            case .invalidField(.protocolType): throw .nonIPv6Payload
            default: throw .malformedPacket
            }
        }
    }
}
