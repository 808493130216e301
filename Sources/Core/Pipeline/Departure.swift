internal import Wire

/// Sends a packet into a tunnel: its protocol makes the payload, the underlay's headers go in front.
enum Departure {
    /// Puts everything in front of an inner packet that a tunnel's packets have.
    ///
    /// - Parameters:
    ///   - buffer: The inner packet; afterwards the outer one, or its first fragment.
    ///   - spare: Takes the second fragment.
    ///   - tid: The tunnel, which is up.
    ///   - origin: Whose packet it is.
    ///   - tables: What is known of the tunnel.
    ///   - now: The time.
    /// - Returns: Where the buffers go.
    static func encapsulate(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        into tid: TID,
        _ origin: Output.Origin,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Output {
        guard let path = tables.forwarding.tunnels[tid].session.path else {
            return Self.dropUnsendable(buffer, tid, origin, &tables, now)
        }
        tables.forwarding.tunnels[tid].traffic.egress.count(buffer.count, at: now)
        let trafficClass = buffer.innerTrafficClass
        let encapsulation = tables.forwarding.tunnels[tid].session.encapsulation
        let awaitsSignature = Self.makePayload(&buffer, of: tid, along: path, encapsulation, &tables, now)
        let isDatagram = Self.prependOuterHeaders(
            to: &buffer,
            of: tid,
            along: path,
            encapsulation,
            trafficClass: trafficClass,
            &tables,
            now
        )
        tables.note(.encapsulated(encapsulation, path, octets: buffer.count), about: tid)
        var output = Output(packet: .underlay(path.remote, tunnel: tid, origin))
        output.awaitsSignature = awaitsSignature
        output.isDatagram = isDatagram
        if let limit = tables.forwarding.tunnels[tid].session.pathMTU?.octets, buffer.count > Int(limit) {
            return Self.fragment(&buffer, spare: &spare, output, to: Int(limit), of: tid, &tables)
        }
        return output
    }

    /// Has a tunnel's protocol make the payload of an outer packet of an inner packet.
    ///
    /// - Returns: Whether it is still to be signed.
    @inline(__always)
    private static func makePayload(
        _ buffer: inout PacketBuffer,
        of tid: TID,
        along path: OuterPath,
        _ encapsulation: Encapsulation,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Bool {
        switch encapsulation {
        case .sixInFour: return false
        case .gre:
            GREEncapsulator.encapsulate(&buffer)
            return false
        case .ayiya:
            let isDeferred = Self.defersSignature(of: buffer, into: tid, along: path, &tables)
            let signing = isDeferred ? AYIYAEncapsulator.Signing.later : .now
            let ipv6 = ProtocolNumber.ipv6
            Self.prependSigned(to: &buffer, .forward, ipv6, from: tid, signing, tables.forwarding, now)
            return isDeferred
        }
    }

    /// Gives a packet up that a tunnel can't take although it is up: our own address isn't configured.
    private static func dropUnsendable(
        _ buffer: borrowing PacketBuffer,
        _ tid: TID,
        _ origin: Output.Origin,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Output {
        tables.recordSendError(buffer.packet, of: tid, toward: .ipv6(.unspecified), origin, at: now)
        return Output()
    }

    /// Hands a packet to the kernel, which routes it on.
    @inline(__always)
    static func transmitToUplink(
        _ buffer: borrowing PacketBuffer,
        _ origin: Output.Origin,
        from ingress: Ingress,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Output {
        tables.note(.sentToUplink(octets: buffer.count), about: ingress.tunnel)
        tables.uplinkTraffic.egress.count(buffer.count, at: now)
        return Output(packet: .uplink(origin))
    }

    // MARK: - Signed datagrams

    /// Whether a datagram may be signed after it was made: not where UDP's checksum covers the signature, nor where the
    /// packet may be cut into fragments.
    @inline(__always)
    private static func defersSignature(
        of buffer: borrowing PacketBuffer,
        into tid: TID,
        along path: OuterPath,
        _ tables: inout Tables
    ) -> Bool {
        guard tables.defersSignatures, case .ipv4 = path.remote, case .ipv4 = path.local else { return false }
        let length = buffer.count + Encapsulation.ayiya.overhead(toward: path.remote)
        return tables.forwarding.tunnels[tid].session.pathMTU.map { length <= Int($0.octets) } ?? true
    }

    /// Makes a signed datagram of a payload; a tunnel whose packets are signed has a secret, since a configuration without one
    /// ends the session.
    static func prependSigned(
        to buffer: inout PacketBuffer,
        _ opcode: AYIYAOpcode,
        _ nextHeader: UInt8,
        from tid: TID,
        _ signing: AYIYAEncapsulator.Signing,
        _ tables: borrowing ForwardingTables,
        _ now: Timestamp
    ) {
        let header = AYIYAHeader(
            opcode: opcode,
            nextHeader: nextHeader,
            epochTime: UInt32(truncatingIfNeeded: now.unixTime),
            identity: tables.plan.localAddress(of: tid)
        )
        AYIYAEncapsulator.encapsulate(&buffer, header)
        guard signing == .now else { return }
        // Twice, since a secret that could be either would be put together octet by octet.
        if tables.tunnels[tid].session.usesRetiredSecret {
            guard let retired = tables.tunnels[tid].peer.ayiya.retired else { return }
            AYIYAEncapsulator.sign(&buffer, by: retired.secret)
        } else if let secret = tables.tunnels[tid].peer.ayiya.secret {
            AYIYAEncapsulator.sign(&buffer, by: secret)
        }
    }

    /// Adds an outer packet that awaits its signature to others.
    ///
    /// - Returns: Whether it was added; false when nothing can be signed for the tunnel.
    @unsafe
    static func addUnsigned(
        _ packet: UnsafeRawBufferPointer,
        of tid: TID,
        to signatures: inout DatagramSignatures,
        _ tables: borrowing ForwardingTables
    ) -> Bool {
        // In front of the datagram are an IPv4 and a UDP header.
        let offset = IPv4Packet.minimumHeaderLength + UDPDatagram.headerLength
        let usesRetired = tables.tunnels[tid].session.usesRetiredSecret
        guard packet.count >= offset,
            let secret = tables.tunnels[tid].peer.ayiya.secret(isRetired: usesRetired)
        else { return false }
        let datagram = unsafe UnsafeRawBufferPointer(rebasing: packet[offset...])
        return unsafe AYIYAEncapsulator.add(datagram, signedWith: secret, to: &signatures)
    }

    // MARK: - Outer headers

    /// Puts outer headers in front of a payload of a tunnel.
    ///
    /// - Returns: Whether it is a datagram that others can leave with.
    @inline(__always)
    @discardableResult
    static func prependOuterHeaders(
        to buffer: inout PacketBuffer,
        of tid: TID,
        along path: OuterPath,
        _ encapsulation: Encapsulation,
        trafficClass: UInt8,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Bool {
        if encapsulation.protocolNumber == ProtocolNumber.udp { buffer.prependUDP(along: path) }
        tables.refreshMarks(of: tid, now)
        let headers = OuterHeaders(
            path: path,
            protocolNumber: encapsulation.protocolNumber,
            trafficClass: trafficClass,
            fragmentation: Self.fragmentation(of: buffer.count, toward: path.remote, into: tid, &tables),
            flowLabel: tables.forwarding.tunnels[tid].marks.flowLabel
        )
        buffer.prepend(headers)
        guard encapsulation.isSigned, let datagram = headers.datagram else { return false }
        tables.datagram = datagram
        return true
    }

    /// Whether an outer IPv4 packet may be fragmented (RFC 4213 §3.2); each that may gets another identification
    /// (RFC 6864 §4.1).
    @inline(__always)
    private static func fragmentation(
        of payloadLength: Int,
        toward remote: IPAddress,
        into tid: TID,
        _ tables: inout Tables
    ) -> IPv4Header.Fragmentation {
        // Over IPv6 no router fragments anything.
        guard case .ipv4 = remote else { return .forbidden }
        let length = IPv4Packet.minimumHeaderLength + payloadLength
        let fits =
            tables.forwarding.tunnels[tid].session.pathMTU.map { length <= Int($0.octets) && !$0.isNarrower }
            ?? true
        if tables.forwarding.pathMTU == .dynamic, fits {
            return .atomic(identification: tables.forwarding.tunnels[tid].marks.identification)
        }
        return .allowed(identification: UInt16(truncatingIfNeeded: tables.nextIdentification()))
    }

    /// Cuts an outer packet in two that is larger than its path; leaves it whole where two fragments would not do.
    private static func fragment(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ output: Output,
        to limit: Int,
        of tid: TID,
        _ tables: inout Tables
    ) -> Output {
        guard
            buffer.fragment(into: &spare, limit: limit, identification: tables.nextIdentification()),
            case .underlay(let remote, _, _) = output.packet
        else { return output }
        tables.note(.fragmented(limit: limit), about: tid)
        return Output(packet: output.packet, spare: .underlay(remote, tunnel: tid, .own))
    }
}
