import Wire

/// The identification of outer IPv4 packets that can't be fragmented and belong to no tunnel; those of tunnels have one.
enum IPv4Identification {
    /// Version and header length of a packet without options.
    private static let ipv4WithoutOptions: UInt8 = 0x45
    /// Identification 0, DF, offset 0.
    private static let unidentified: UInt32 = 0x4000
    private static let value: UInt16 = 1

    /// Gives a packet some identification.
    ///
    /// Where there is none, the kernel draws a random one for each, which is a tenth of what sending costs. All values are
    /// as good (RFC 6864 §4.1).
    ///
    /// The header's checksum is the kernel's business, which computes it for each packet.
    static func fill(in packet: UnsafeRawBufferPointer) {
        guard packet.count >= IPv4Packet.minimumHeaderLength, packet[0] == Self.ipv4WithoutOptions,
            UInt32(bigEndian: packet.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) == Self.unidentified
        else { return }
        let header = UnsafeMutableRawBufferPointer(mutating: packet)
        header.storeBytes(of: Self.value.bigEndian, toByteOffset: 4, as: UInt16.self)
    }
}
