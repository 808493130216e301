/// A link-layer address of Ethernet (EUI-48).
public struct LinkAddress: Hashable, Sendable {
    /// How long it is, in octets.
    public static let length = 6

    /// The six octets as one number, the first octet in the most significant place.
    public let value: UInt64

    /// Creates an address from its number, of which the lower 48 bits count.
    public init(_ value: UInt64) {
        self.value = value & 0xffff_ffff_ffff
    }

    /// Reads an address from octets; nil when they are not six.
    init?(_ octets: ArraySlice<UInt8>) {
        guard octets.count == Self.length else { return nil }
        self.init(octets.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// One of the octets, counted from the first; 0 beyond the last.
    func octet(_ index: Int) -> UInt8 {
        guard index < Self.length else { return 0 }
        return UInt8(truncatingIfNeeded: self.value >> (8 * UInt64(Self.length - 1 - index)))
    }
}

extension LinkAddress: CustomStringConvertible {
    /// As `ip link` writes it.
    public var description: String {
        (0..<Self.length).map { index in
            let digits = String(self.octet(index), radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined(separator: ":")
    }
}
