public import Wire

/// Takes 6in4 apart: the payload behind the outer header is the inner packet (RFC 4213).
public enum SixInFourDecapsulator {
    /// Checks an inner packet.
    ///
    /// - Parameter payload: What stands behind the outer header.
    /// - Returns: The packet; what stands behind it is padding.
    /// - Throws: Why it is none.
    @_lifetime(copy payload)
    @inline(__always)
    public static func decapsulate(_ payload: RawSpan) throws(DropReason) -> IPv6Packet {
        do { return try IPv6Packet(payload) } catch { throw DropReason(inner: error) }
    }
}
