public import Wire

/// When an AYIYA datagram gets its signature.
enum Signing {
    case now
    case later
}

// What signs and verifies two datagrams at once: SHA-1 of two takes little longer than of one.
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

    /// Signs an outer packet that awaits it (``Output/awaitsSignature``).
    ///
    /// - Parameters:
    ///   - packet: The packet.
    ///   - tid: Its tunnel.
    public mutating func sign(_ packet: inout MutableRawSpan, of tid: TID) {
        guard let secret = self.forwarder.tunnels[tid].signingSecret,
            packet.byteCount >= Self.datagramOffset + AYIYAPacket.headerLength
        else { return }
        let signature = secret.signature(of: packet.bytes.extracting(droppingFirst: Self.datagramOffset))
        AYIYAHeader.setSignature(signature, in: &packet, at: Self.datagramOffset)
    }

    /// Signs two outer packets that await it.
    ///
    /// - Parameters:
    ///   - first: A packet.
    ///   - tid: Its tunnel.
    ///   - second: Another packet.
    ///   - other: That one's tunnel.
    public mutating func sign(
        _ first: inout MutableRawSpan,
        of tid: TID,
        _ second: inout MutableRawSpan,
        of other: TID
    ) {
        let least = Self.datagramOffset + AYIYAPacket.headerLength
        guard let secret = self.forwarder.tunnels[tid].signingSecret,
            let otherSecret = self.forwarder.tunnels[other].signingSecret,
            first.byteCount >= least, second.byteCount >= least
        else { return }
        let signatures = AYIYASecret.signatures(
            of: first.bytes.extracting(droppingFirst: Self.datagramOffset),
            by: secret,
            second.bytes.extracting(droppingFirst: Self.datagramOffset),
            by: otherSecret
        )
        AYIYAHeader.setSignature(signatures.0, in: &first, at: Self.datagramOffset)
        AYIYAHeader.setSignature(signatures.1, in: &second, at: Self.datagramOffset)
    }

    /// Works out what two AYIYA datagrams must be signed with.
    ///
    /// - Parameters:
    ///   - first: The payload of a datagram on AYIYA's port.
    ///   - second: Another's.
    /// - Returns: The signatures by the secrets of their tunnels; nil when one of them names no tunnel with a secret.
    public mutating func expectedSignatures(of first: RawSpan, _ second: RawSpan) -> (SHA1Digest, SHA1Digest)?
    {
        guard let secret = self.forwarder.secret(for: first), let other = self.forwarder.secret(for: second)
        else {
            return nil
        }
        return AYIYASecret.signatures(of: first, by: secret, second, by: other)
    }
}

extension Forwarder {
    /// The secret that a datagram claims to be signed with.
    fileprivate func secret(for octets: RawSpan) -> AYIYASecret? {
        guard let packet = try? AYIYAPacket(octets) else { return nil }
        switch self.plan.owner(of: packet.identity) {
        case .remote(let tid), .unassigned(let tid), .routed(let tid):
            return self.gates[tid].condition == .none || self.gates[tid].condition == .disabled
                ? nil : self.tunnels[tid].secret
        default: return nil
        }
    }
}
