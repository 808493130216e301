internal import Wire

extension [UInt16: ArraySlice<UInt8>] {
    /// An attribute of four octets in host order.
    func number(_ type: UInt16) -> UInt32? {
        guard let octets = self[type], octets.count >= 4 else { return nil }
        return octets.hostOrder(at: 0)
    }

    /// An attribute that is an IPv4 address.
    func ipv4Address(_ type: UInt16) -> IPv4Address? {
        guard let octets = self[type], octets.count == 4 else { return nil }
        return IPv4Address(UInt32(bigEndian: octets.hostOrder(at: 0)))
    }

    /// An attribute that is an IPv6 address.
    func ipv6Address(_ type: UInt16) -> IPv6Address? {
        guard let octets = self[type], octets.count == 16 else { return nil }
        return octets.span.bytes.ipv6Address(at: 0)
    }
}

extension ArraySlice<UInt8> {
    /// Reads an integer in host order; traps when any of it lies outside the slice.
    func hostOrder<Value: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int,
        as type: Value.Type = Value.self
    ) -> Value {
        self.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
    }
}
