public import Wire

/// When an AYIYA datagram gets its signature.
enum Signing {
    case now
    case later
}

// What signs and verifies many datagrams at once, which takes much less than one after the other.
extension Engine {
    /// Where the datagram begins in an outer packet that awaits its signature: behind an IPv4 and a UDP header.
    private static let datagramOffset = IPv4Packet.minimumHeaderLength + UDPDatagram.headerLength

    /// Whether a datagram may be signed after it was made: not where UDP's checksum covers the signature, nor where the
    /// packet may be cut into fragments.
    func defersSignature(of buffer: borrowing PacketBuffer, into tid: TID, along path: OuterPath) -> Bool {
        guard self.defersSignatures, case .ipv4 = path.remote, case .ipv4 = path.local else { return false }
        let length = buffer.count + Encapsulation.ayiya.overhead(toward: path.remote)
        return self.forwarder.tunnels[tid].session.pathMTU.map { length <= Int($0.octets) } ?? true
    }

    /// Adds an outer packet that awaits its signature (``Output/awaitsSignature``) to others.
    ///
    /// - Parameters:
    ///   - packet: The packet, in memory that may be written; must stay as it is until `AYIYASignatures/sign()`.
    ///   - tid: Its tunnel.
    ///   - signatures: Those of the others; must not be full.
    /// - Returns: Whether it was added; false when nothing can be signed for the tunnel.
    @unsafe
    public mutating func add(
        _ packet: UnsafeRawBufferPointer,
        of tid: TID,
        to signatures: inout AYIYASignatures
    ) -> Bool {
        guard let secret = self.forwarder.tunnels[tid].signingSecret,
            packet.count >= Self.datagramOffset + AYIYAPacket.headerLength
        else { return false }
        unsafe signatures.append(UnsafeRawBufferPointer(rebasing: packet[Self.datagramOffset...]), by: secret)
        return true
    }

    /// Adds an AYIYA datagram that arrived to others, so that what it must be signed with is worked out together with theirs.
    ///
    /// - Parameters:
    ///   - datagram: The payload of a datagram on AYIYA's port, which must stay as it is until the signatures were computed.
    ///   - signatures: Those of the others; must not be full.
    /// - Returns: Whether it was added; false when it names no tunnel with a secret.
    @unsafe
    public mutating func addExpected(
        _ datagram: UnsafeRawBufferPointer,
        to signatures: inout AYIYASignatures
    ) -> Bool {
        let octets = unsafe RawSpan(_unsafeBytes: datagram)
        guard let secret = self.forwarder.secret(for: octets) else { return false }
        unsafe signatures.append(datagram, by: secret)
        return true
    }
}

extension Forwarder {
    /// The secret that a datagram claims to be signed with.
    fileprivate func secret(for octets: RawSpan) -> AYIYASecret? {
        guard let packet = try? AYIYAPacket(octets) else { return nil }
        switch self.plan.owner(of: packet.identity) {
        case .remote(let tid), .unassigned(let tid), .routed(let tid):
            return self.entries[tid].condition == .none || self.entries[tid].condition == .disabled
                ? nil : self.tunnels[tid].secret
        default: return nil
        }
    }
}
