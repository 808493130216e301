internal import Wire

extension Engine {
    /// Takes the payload of a datagram on the heartbeat port.
    mutating func receiveHeartbeat(
        _ buffer: borrowing PacketBuffer,
        _ outer: OuterHeader,
        _ now: Timestamp
    ) -> Output {
        let message: HeartbeatMessage
        do {
            message = try HeartbeatMessage(buffer.packet)
        } catch {
            let tid = self.tunnel(at: outer.path.remote)
            return self.drop(buffer, DropReason(error), tunnel: tid, source: outer.path.remote, at: now)
        }
        guard case .remote(let tid) = self.plan.owner(of: message.identity) else {
            return self.drop(buffer, .spoofedSource, tunnel: nil, source: outer.path.remote, at: now)
        }
        if let reason = self.rejection(of: message, for: tid, from: outer.path.remote, now) {
            if reason == .missingTunnel {
                return self.dropUnknownSender(buffer, from: outer.path.remote, at: now)
            }
            return self.drop(buffer, reason, tunnel: tid, source: outer.path.remote, at: now)
        }
        let row = self.configuration.rows[Int(tid.rawValue)]
        let beat = Beat(
            path: OuterPath(local: outer.path.local, remote: outer.path.remote),
            time: Int64(clamping: message.epochTime),
            encapsulation: .sixInFour,
            isByRetiredSecret: row?.retired != nil && row?.isByRetiredPassword(message, now) == true
        )
        guard self.acceptBeat(beat, of: tid, at: now) else {
            return self.drop(buffer, .heartbeatReplay, tunnel: tid, source: outer.path.remote, at: now)
        }
        self.note(.consumed, about: tid)
        self.accounting.consumed &+= 1
        return Output()
    }

    /// Why a beat is not accepted, or nil; changes nothing.
    private func rejection(
        of message: HeartbeatMessage,
        for tid: TID,
        from source: IPAddress,
        _ now: Timestamp
    ) -> DropReason? {
        guard self.forwarder.isExternal(source) else { return .endpointInsideTunnel }
        switch self.forwarder.entries[tid].condition {
        case .none: return .missingTunnel
        case .disabled: return .disabledTunnel
        case .down, .up: break
        }
        guard self.forwarder.tunnels[tid].isDynamic, let row = self.configuration.rows[Int(tid.rawValue)],
            row.password != nil
        else { return .nonHeartbeatPacket }
        if case .address(let address) = message.sender, address.unmapped != source {
            return .heartbeatSenderMismatch
        }
        let (skew, isAbsurd) = Int64(clamping: message.epochTime).subtractingReportingOverflow(now.unixTime)
        guard !isAbsurd, skew.magnitude <= UInt64(Self.allowedClockSkew) else { return .clockSkew }
        guard let isByRetiredPassword = row.isByRetiredPassword(message, now) else {
            return .heartbeatHashMismatch
        }
        self.note(.signed(isByRetiredPassword: isByRetiredPassword), about: tid)
        return nil
    }
}

extension EngineConfiguration.Row {
    /// Which of a tunnel's two passwords signed a beat; nil when neither did.
    fileprivate func isByRetiredPassword(_ message: HeartbeatMessage, _ now: Timestamp) -> Bool? {
        if let password = self.password, message.isSigned(with: password) { return false }
        guard let retired = self.retired, now.unixTime < retired.expiry,
            message.isSigned(with: retired.password)
        else { return nil }
        return true
    }
}

extension DropReason {
    fileprivate init(_ failure: HeartbeatMessage.Failure) {
        switch failure {
        case .notAHeartbeat: self = .nonHeartbeatPacket
        case .missingSender: self = .missingHeartbeatSender
        case .missingTime: self = .missingHeartbeatTime
        }
    }
}
