internal import Wire

/// Takes ICMP messages to the PoP's outer addresses, and learns of paths from those that are true.
enum OuterMessages {
    /// Takes an ICMPv4 message.
    static func receiveICMPv4(
        _ buffer: inout PacketBuffer,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        let remote = outer.path.remote
        let kind: ICMPv4Message.Kind
        let quotation: Quotation?
        do {
            let message = try ICMPv4Message(buffer.packet)
            kind = message.kind
            quotation = Quotation(ipv4: message.body)
            if case .echoReply = kind {
                tables.probes.noteReply(ProbeReply(message), from: remote, at: now)
            }
        } catch {
            return Self.drop(buffer, DropReason(message: error), remote, &tables, now)
        }
        tables.note(.consumed, about: nil)
        tables.accounting.consumed &+= 1
        switch kind {
        case .echoRequest:
            let tid = tables.tunnel(at: remote)
            tables.errors.record(.icmpv4EchoRequest, of: tid, packet: buffer.packet, source: remote, at: now)
            return .finished(Output())
        case .fragmentationNeeded(let mtu):
            return Self.note(quotation, mtu: mtu, &buffer, outer, &tables, now)
        case .otherError: return Self.note(quotation, mtu: nil, &buffer, outer, &tables, now)
        case .echoReply, .other: return .finished(Output())
        }
    }

    /// Takes an ICMPv6 message.
    static func receiveICMPv6(
        _ buffer: inout PacketBuffer,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        let remote = outer.path.remote
        let type: UInt8
        let parameter: UInt32
        let quotation: Quotation?
        do {
            let ends = (source: remote.mapped, destination: outer.path.local.mapped)
            let message = try ICMPv6Message(buffer.packet, source: ends.source, destination: ends.destination)
            type = message.type
            parameter = message.parameter
            quotation = Quotation(ipv6: message.body)
            if type == ICMPv6Message.MessageType.echoReply {
                tables.probes.noteReply(ProbeReply(message), from: remote, at: now)
            }
        } catch {
            return Self.drop(buffer, DropReason(message: error), remote, &tables, now)
        }
        tables.note(.consumed, about: nil)
        tables.accounting.consumed &+= 1
        guard type < 128 else { return .finished(Output()) }
        let isTooBig = type == ICMPv6Message.MessageType.packetTooBig
        return Self.note(quotation, mtu: isTooBig ? Int(parameter) : nil, &buffer, outer, &tables, now)
    }

    private static func drop(
        _ buffer: borrowing PacketBuffer,
        _ reason: DropReason,
        _ remote: IPAddress,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        .finished(tables.drop(buffer, reason, tunnel: nil, source: remote, at: now))
    }

    /// Counts an error about a packet of ours for the tunnel that sent it, and learns from it.
    ///
    /// - Returns: A packet that tries the path; mostly nothing.
    private static func note(
        _ quotation: Quotation?,
        mtu: Int?,
        _ buffer: inout PacketBuffer,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        let tid = quotation.flatMap { Self.tunnel(thatSent: $0, &tables) }
        tables.errors.record(.icmpv4Error, of: tid, packet: buffer.packet, source: outer.path.remote, at: now)
        // What our own kernel refuses, it says when it does.
        guard let tid, let quotation, let mark = quotation.mark, outer.path.remote != quotation.path.local,
            let mtu = mtu.flatMap({ Self.possible($0, about: quotation, of: tid, tables.forwarding, now) })
        else { return .finished(Output()) }
        if Self.isProven(quotation, mark, of: tid, &tables, now) {
            tables.lowerPathMTU(of: tid, to: mtu)
            return .finished(Output())
        }
        let known = tables.forwarding.tunnels[tid].session.pathMTU.map { Int($0.octets) } ?? .max
        let length = min(quotation.length, known)
        return PathTrial.make(of: tid, length: length, in: &buffer, &tables, now)
            ? .own(tid) : .finished(Output())
    }

    /// Whether a packet that an error quotes was sent by a tunnel (RFC 5927 §7.2).
    private static func isProven(
        _ quotation: Quotation,
        _ mark: Quotation.Mark,
        of tid: TID,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Bool {
        let slot = PathEvidence.slot(at: now)
        let slots: InlineArray<2, PathEvidence.Slot> = [slot, slot &- 1]
        for index in slots.indices
        where quotation.nonce == tables.evidence.nonce(of: tid, in: slots[index]) { return true }
        for index in slots.indices where tables.evidence.accepts(mark, of: tid, in: slots[index]) {
            return !tables.sessions.isGuessing(about: tid, in: slot)
        }
        // A segment's shows nothing, and is no guess.
        for index in slots.indices where tables.evidence.mayBeSegment(mark, of: tid, in: slots[index]) {
            return false
        }
        if !mark.isKernels { tables.sessions.noteGuess(about: tid, in: slot) }
        return false
    }

    /// The tunnel that sent a packet, in constant time: by the inner destination's bits, or by its ends.
    private static func tunnel(thatSent quotation: Quotation, _ tables: inout Tables) -> TID? {
        if let destination = quotation.innerDestination {
            switch tables.forwarding.plan.owner(of: destination) {
            case .remote(let tid), .routed(let tid):
                if Self.sends(tid, quotation, tables.forwarding) { return tid }
            default: break
            }
        }
        let tid = tables.endpoints.sender(along: quotation.path, quotation.encapsulation)
        return tid.flatMap { Self.sends($0, quotation, tables.forwarding) ? $0 : nil }
    }

    /// Whether a tunnel's packets have the ends and the encapsulation of one that is quoted.
    private static func sends(
        _ tid: TID,
        _ quotation: Quotation,
        _ tables: borrowing ForwardingTables
    ) -> Bool {
        tables.tunnels[tid].session.path == quotation.path
            && tables.tunnels[tid].session.encapsulation == quotation.encapsulation
    }

    /// The path MTU that an error says, if it can be true of a packet that we sent, and is news.
    private static func possible(
        _ reported: Int,
        about quotation: Quotation,
        of tid: TID,
        _ tables: borrowing ForwardingTables,
        _ now: Timestamp
    ) -> PathMTU? {
        let session = tables.tunnels[tid].session
        guard tables.pathMTU == .dynamic, let path = session.path else { return nil }
        let largest = Int(tables.tunnels[tid].mtu) + session.encapsulation.overhead(toward: path.remote)
        let mtu: Int
        let floor: Int
        switch path.remote {
        case .ipv4:
            // Routers from before RFC 1191 say 0.
            mtu = reported == 0 ? PathMTU.plateau(below: quotation.length) : reported
            guard mtu >= PathMTU.ipv4Minimum else { return nil }
            floor = PathMTU.ipv4Floor
        case .ipv6:
            // RFC 8201 §4: anything smaller than the least is to be discarded.
            guard reported >= IPv6Packet.minimumMTU else { return nil }
            mtu = reported
            floor = IPv6Packet.minimumMTU
        }
        guard quotation.length <= largest, mtu < quotation.length else { return nil }
        let news = PathMTU(
            octets: UInt16(clamping: max(mtu, floor)),
            isNarrower: mtu < floor,
            learntAt: now.monotonic
        )
        return news.isNews(after: session.pathMTU) ? news : nil
    }
}
