internal import Wire

/// Takes datagrams that a tunnel's user signed: AYIYA's, which carry packets, and heartbeats, which say where the user is.
enum SignedArrivals {
    // MARK: - AYIYA

    /// Takes the payload of a datagram on AYIYA's port.
    static func receiveAYIYA(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ outer: OuterHeader,
        expecting signature: SHA1Digest?,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        let tid: TID
        let datagram: AYIYADecapsulator.Datagram
        do throws(Refusal) {
            (tid, datagram) = try Self.verify(
                buffer.packet,
                from: outer.path.remote,
                expecting: signature,
                tables.forwarding,
                now
            )
        } catch {
            return Self.refuse(buffer, error, outer, &tables, now)
        }
        let beat = Beat(
            path: outer.path,
            time: datagram.time,
            encapsulation: .ayiya,
            isByRetiredSecret: datagram.signer == .retired
        )
        guard tables.acceptBeat(beat, of: tid, at: now) else {
            let output = tables.drop(buffer, .ayiyaReplay, tunnel: tid, source: outer.path.remote, at: now)
            return .finished(output)
        }
        buffer.removeFirst(AYIYADecapsulator.headerLength)
        return Self.take(datagram, of: tid, &buffer, spare: &spare, &tables, now)
    }

    /// Checks everything that makes a datagram acceptable; changes nothing.
    private static func verify(
        _ octets: RawSpan,
        from remote: IPAddress,
        expecting signature: SHA1Digest?,
        _ tables: borrowing ForwardingTables,
        _ now: Timestamp
    ) throws(Refusal) -> (TID, AYIYADecapsulator.Datagram) {
        let packet: AYIYAPacket
        do { packet = try AYIYAPacket(octets) } catch { throw Refusal(.nonAYIYAPacket, of: nil) }
        let tid = try IngressCheck.signer(as: packet.identity, tables)
        let hasSecret = tables.tunnels[tid].peer.ayiya.secret != nil
        try IngressCheck.checkSigner(tid, at: remote, else: .nonAYIYAPacket, hasSecret: hasSecret, tables)
        var datagram: AYIYADecapsulator.Datagram
        do throws(DropReason) {
            datagram = try AYIYADecapsulator.verify(
                packet,
                from: tables.tunnels[tid].peer.ayiya,
                expecting: signature,
                at: now.unixTime
            )
        } catch {
            throw Refusal(error, of: tid)
        }
        tables.note(.signed(isByRetiredPassword: datagram.signer == .retired), about: tid)
        do throws(DropReason) { datagram.innerLength = try AYIYADecapsulator.innerLength(of: packet) } catch {
            throw Refusal(error, of: tid)
        }
        return (tid, datagram)
    }

    private static func refuse(
        _ buffer: borrowing PacketBuffer,
        _ refusal: Refusal,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        let remote = outer.path.remote
        if refusal.reason == .missingTunnel {
            return .finished(tables.dropUnknownSender(buffer, from: remote, at: now))
        }
        // What is not AYIYA says nothing about its tunnel; where it comes from may.
        let tid = refusal.reason == .nonAYIYAPacket ? refusal.tid ?? tables.tunnel(at: remote) : refusal.tid
        return .finished(tables.drop(buffer, refusal.reason, tunnel: tid, source: remote, at: now))
    }

    private static func take(
        _ datagram: AYIYADecapsulator.Datagram,
        of tid: TID,
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        switch datagram.opcode {
        case .noOperation, .echoResponse:
            tables.note(.consumed, about: tid)
            tables.accounting.consumed &+= 1
            return .finished(Output())
        case .forward:
            // The flow cache is for what the present secret signs.
            let mayRepeat = datagram.signer == .present
            let length = datagram.innerLength
            return .inner(
                InnerArrival(tid: tid, encapsulation: .ayiya, length: length, mayRepeat: mayRepeat)
            )
        case .echoRequest:
            tables.note(.answered, about: tid)
            tables.accounting.answered &+= 1
            return .finished(Output(packet: Self.respond(in: &buffer, to: datagram, of: tid, &tables, now)))
        case .echoRequestAndForward:
            let length = datagram.innerLength
            var arrival = InnerArrival(tid: tid, encapsulation: .ayiya, length: length, mayRepeat: false)
            if spare.replace(with: buffer.packet) {
                arrival.response = Self.respond(in: &spare, to: datagram, of: tid, &tables, now)
            }
            return .inner(arrival)
        }
    }

    /// Makes an echo response out of a request's payload.
    private static func respond(
        in buffer: inout PacketBuffer,
        to request: AYIYADecapsulator.Datagram,
        of tid: TID,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Output.Transmission {
        guard let path = tables.forwarding.tunnels[tid].session.path else { return .none }
        Departure.prependSigned(
            to: &buffer,
            .echoResponse,
            request.nextHeader,
            from: tid,
            .now,
            tables.forwarding,
            now
        )
        Departure.prependOuterHeaders(
            to: &buffer,
            of: tid,
            along: path,
            .ayiya,
            trafficClass: 0,
            &tables,
            now
        )
        return .underlay(path.remote, tunnel: tid, .own)
    }

    /// Adds a datagram that arrived to others, so that what it must be signed with is worked out together with theirs.
    ///
    /// - Returns: Whether it was added; false when it names no tunnel with a secret.
    @unsafe
    static func addExpected(
        _ datagram: UnsafeRawBufferPointer,
        to signatures: inout DatagramSignatures,
        _ tables: borrowing ForwardingTables
    ) -> Bool {
        guard let identity = unsafe AYIYADecapsulator.identity(in: RawSpan(_unsafeBytes: datagram)),
            let tid = try? IngressCheck.signer(as: identity, tables),
            tables.entries[tid].condition != .none, tables.entries[tid].condition != .disabled,
            let secret = tables.tunnels[tid].peer.ayiya.secret
        else { return false }
        return unsafe AYIYAEncapsulator.add(datagram, signedWith: secret, to: &signatures)
    }

    // MARK: - Heartbeats

    /// Takes the payload of a datagram on the heartbeat port.
    static func receiveHeartbeat(
        _ buffer: borrowing PacketBuffer,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Output {
        let remote = outer.path.remote
        do throws(Refusal) {
            let message: HeartbeatMessage
            do throws(DropReason) { message = try HeartbeatDecapsulator.decapsulate(buffer.packet) } catch {
                throw Refusal(error, of: tables.tunnel(at: remote))
            }
            let tid = try Self.accept(message, outer.path, &tables, now)
            tables.note(.consumed, about: tid)
            tables.accounting.consumed &+= 1
            return Output()
        } catch {
            if error.reason == .missingTunnel {
                return tables.dropUnknownSender(buffer, from: remote, at: now)
            }
            return tables.drop(buffer, error.reason, tunnel: error.tid, source: remote, at: now)
        }
    }

    /// Checks a message, and has its tunnel's packets go where it came from.
    private static func accept(
        _ message: HeartbeatMessage,
        _ path: OuterPath,
        _ tables: inout Tables,
        _ now: Timestamp
    ) throws(Refusal) -> TID {
        guard case .remote(let tid) = tables.forwarding.plan.owner(of: message.identity) else {
            throw Refusal(.spoofedSource, of: nil)
        }
        let peer = tables.configuration.rows[Int(tid.rawValue)]?.heartbeat
        let hasSecret = peer?.password != nil
        try IngressCheck.checkSigner(
            tid,
            at: path.remote,
            else: .nonHeartbeatPacket,
            hasSecret: hasSecret,
            tables.forwarding
        )
        guard let peer else { throw Refusal(.nonHeartbeatPacket, of: tid) }
        let isByRetired: Bool
        do throws(DropReason) {
            isByRetired = try HeartbeatDecapsulator.verify(message, from: peer, at: path.remote, now.unixTime)
        } catch {
            throw Refusal(error, of: tid)
        }
        tables.note(.signed(isByRetiredPassword: isByRetired), about: tid)
        let beat = Beat(
            path: OuterPath(local: path.local, remote: path.remote),
            time: Int64(clamping: message.epochTime),
            encapsulation: .sixInFour,
            isByRetiredSecret: isByRetired
        )
        guard tables.acceptBeat(beat, of: tid, at: now) else { throw Refusal(.heartbeatReplay, of: tid) }
        return tid
    }
}
