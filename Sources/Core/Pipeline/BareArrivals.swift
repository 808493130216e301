internal import Wire

/// Takes outer packets whose inner packet nothing authenticates but the outer address: 6in4 and GRE.
enum BareArrivals {
    /// Takes the payload of an outer packet of protocol 47.
    static func receiveGRE(
        _ buffer: inout PacketBuffer,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        let headerLength: Int
        do throws(DropReason) { headerLength = try GREDecapsulator.headerLength(of: buffer.packet) } catch {
            return Self.drop(buffer, error, outer, &tables, now)
        }
        buffer.removeFirst(headerLength)
        var outer = outer
        if outer.octetsInFront > 0 { outer.octetsInFront += headerLength }
        return Self.receive(&buffer, as: .gre, outer, &tables, now)
    }

    /// Takes an inner packet.
    @inline(__always)
    static func receive(
        _ buffer: inout PacketBuffer,
        as encapsulation: Encapsulation,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        let sender: TID?
        let length: Int
        do throws(DropReason) {
            let packet = try SixInFourDecapsulator.decapsulate(buffer.packet)
            sender = IngressCheck.sender(of: packet, at: outer.path.remote, &tables)
            length = packet.totalLength
        } catch {
            return Self.drop(buffer, error, outer, &tables, now)
        }
        tables.note(.claimed(sender), about: sender)
        guard let tid = sender else { return Self.refuseSpoofed(&buffer, outer, &tables, now) }
        if let reason = IngressCheck.rejection(by: tid, encapsulation, outer.path, tables.forwarding) {
            return .finished(Refusals.refuse(&buffer, reason, tunnel: tid, outer, &tables, now))
        }
        return .inner(InnerArrival(tid: tid, encapsulation: encapsulation, length: length))
    }

    private static func drop(
        _ buffer: borrowing PacketBuffer,
        _ reason: DropReason,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        let tid = tables.tunnel(at: outer.path.remote)
        return .finished(tables.drop(buffer, reason, tunnel: tid, source: outer.path.remote, at: now))
    }

    /// Drops a packet whose inner source belongs to no tunnel: of the tunnel it came from, when that is known.
    private static func refuseSpoofed(
        _ buffer: inout PacketBuffer,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        guard let tid = tables.tunnel(at: outer.path.remote) else {
            return .finished(Refusals.refuse(&buffer, .spoofedSource, tunnel: nil, outer, &tables, now))
        }
        let source = buffer.packet.ipv6Address(at: IPv6Header.Offset.source)
        let reason: DropReason = SourcePolicy.isPossible(source) ? .spoofedSource : .impossibleSource
        return .finished(tables.drop(buffer, reason, tunnel: tid, source: outer.path.remote, at: now))
    }
}
