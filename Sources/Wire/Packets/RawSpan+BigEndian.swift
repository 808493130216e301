extension RawSpan {
    /// Reads a big-endian integer.
    ///
    /// - Parameters:
    ///   - offset: Where it starts, in octets. Traps when any of it lies outside the span.
    ///   - type: The integer to read, when the context does not say.
    /// - Returns: The value in host order.
    @inlinable
    @inline(__always)
    public func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int,
        as type: T.Type = T.self
    ) -> T {
        // Bounds-checked; `unsafe` only because any bit pattern is accepted, which is right for integers.
        T(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// Reads an IPv6 address.
    ///
    /// Traps when any of its 16 octets lies outside the span.
    @inlinable
    @inline(__always)
    public func ipv6Address(at offset: Int) -> IPv6Address {
        IPv6Address(high: self.bigEndian(at: offset), low: self.bigEndian(at: offset + 8))
    }

    /// Reads an IPv4 address.
    ///
    /// Traps when any of its 4 octets lies outside the span.
    @inlinable
    @inline(__always)
    public func ipv4Address(at offset: Int) -> IPv4Address {
        IPv4Address(self.bigEndian(at: offset, as: UInt32.self))
    }

    /// The octets as an array, for tests and messages; allocates.
    public var octets: [UInt8] {
        (0..<self.byteCount).map { self.bigEndian(at: $0, as: UInt8.self) }
    }
}

extension MutableRawSpan {
    /// Writes an integer in big-endian order.
    ///
    /// Traps when any of it would lie outside the span.
    @inlinable
    @inline(__always)
    @_lifetime(self: copy self)
    public mutating func storeBigEndian<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        self.storeBytes(of: value.bigEndian, toByteOffset: offset, as: T.self)
    }

    /// Writes an IPv6 address.
    ///
    /// Traps when any of its 16 octets would lie outside the span.
    @inlinable
    @inline(__always)
    @_lifetime(self: copy self)
    public mutating func store(_ address: IPv6Address, at offset: Int) {
        self.storeBigEndian(address.high, at: offset)
        self.storeBigEndian(address.low, at: offset + 8)
    }

    /// Writes an IPv4 address.
    ///
    /// Traps when any of its 4 octets would lie outside the span.
    @inlinable
    @inline(__always)
    @_lifetime(self: copy self)
    public mutating func store(_ address: IPv4Address, at offset: Int) {
        self.storeBigEndian(address.value, at: offset)
    }

    /// Copies octets in.
    ///
    /// Traps when any of them would lie outside the span.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func store(_ octets: RawSpan, at offset: Int) {
        unsafe octets.withUnsafeBytes { source in
            unsafe self.withUnsafeMutableBytes { target in
                // The range is checked where the target is cut; what is copied may be the span's own memory.
                unsafe UnsafeMutableRawBufferPointer(
                    rebasing: target[offset..<offset + source.count]
                ).copyMemory(from: source)
            }
        }
    }
}
