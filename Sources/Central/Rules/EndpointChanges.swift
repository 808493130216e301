internal import Foundation
internal import Wire

/// Changes of where static tunnels end that their users' routers ask for, and how often they may.
struct EndpointChanges {
    let transaction: RegistryTransaction
    let tunnels: TunnelChanges
    private var rows: any EndpointRows { self.transaction.rows.endpoints }

    /// Moves a tunnel's end, or keeps the wish for later; the audit does not tell of it.
    ///
    /// - Throws: ``RegistryError/refused(_:)`` for a tunnel without a fixed end, and for an address where none can end.
    func request(
        _ number: TunnelNumber,
        _ address: IPAddress,
        from client: IPAddress?,
        with claim: EndpointClaim?
    ) throws -> EndpointOutcome {
        let (tunnel, present) = try self.tunnel(number)
        guard claim?.holds(of: tunnel) != false, try !self.isSuspended(tunnel.owner) else {
            return .unauthorized
        }
        guard address != present else {
            try self.rows.supersede(of: number)
            return .unchanged
        }
        let now = self.transaction.time
        let recent = try self.rows.requests(
            of: number,
            since: now.addingTimeInterval(-EndpointPace.long.span)
        )
        let waiting = recent.first { $0.state == .deferred }
        if let waiting, waiting.new == address {
            return try self.apply(waiting, to: tunnel, recent) ?? .deferred(seconds: self.pause(recent))
        }
        guard recent.count < EndpointPace.long.most else { return .tooMany }
        let pause = self.pause(recent)
        // Also what has to wait: an address where no tunnel can end must not take the place of one that waits.
        try self.tunnels.check(tunnel.ending(at: address))
        try self.rows.forget(before: now.addingTimeInterval(-EndpointPace.keptFor))
        try self.rows.supersede(of: number)
        try self.insert(tunnel, from: present, to: address, client, pause == 0 ? .applied : .deferred)
        guard pause == 0 else { return .deferred(seconds: pause) }
        try self.update(tunnel, to: address)
        return .changed(from: present)
    }

    /// Applies the wish of a tunnel that waits, if it is time.
    func applyWaiting(_ number: TunnelNumber) throws -> EndpointOutcome {
        let tunnel = try self.transaction.tunnel(number)
        guard tunnel.end.endpoint != nil, try !self.isSuspended(tunnel.owner) else {
            // It would wait for ever.
            try self.rows.supersede(of: number)
            return .unchanged
        }
        let recent = try self.rows.requests(
            of: number,
            since: self.transaction.time.addingTimeInterval(-EndpointPace.long.span)
        )
        guard let waiting = recent.first(where: { $0.state == .deferred }) else { return .unchanged }
        return try self.apply(waiting, to: tunnel, recent) ?? .deferred(seconds: self.pause(recent))
    }

    private func isSuspended(_ owner: UserHandle?) throws -> Bool {
        try owner.map { try self.transaction.user($0).suspension != nil } ?? false
    }

    /// - Returns: Nil when it is too soon.
    private func apply(
        _ waiting: EndpointRequest,
        to tunnel: Tunnel,
        _ recent: [EndpointRequest]
    ) throws -> EndpointOutcome? {
        guard self.pause(recent) == 0, let present = tunnel.end.endpoint else { return nil }
        guard waiting.new != present, (try? self.tunnels.check(tunnel.ending(at: waiting.new))) != nil else {
            // What cannot be applied any more does not wait for ever.
            try self.rows.supersede(of: tunnel.number)
            return .unchanged
        }
        // It gets a new number, for those who look what is new, and counts once: that it waited is nobody's wish.
        try self.rows.removeWaiting(of: tunnel.number)
        try self.insert(tunnel, from: present, to: waiting.new, waiting.client, .applied)
        try self.update(tunnel, to: waiting.new)
        return .changed(from: present)
    }

    private func insert(
        _ tunnel: Tunnel,
        from old: IPAddress,
        to new: IPAddress,
        _ client: IPAddress?,
        _ state: EndpointRequest.State
    ) throws {
        try self.rows.insert(
            EndpointRequest(
                number: 0,
                tunnel: tunnel.number,
                popID: tunnel.popID,
                time: self.transaction.time,
                old: old,
                new: new,
                client: client,
                state: state
            )
        )
    }

    private func tunnel(_ number: TunnelNumber) throws -> (Tunnel, IPAddress) {
        let tunnel = try self.transaction.tunnel(number)
        guard let present = tunnel.end.endpoint else {
            throw RegistryError.refused(
                "\(number) is \(tunnel.end.type.rawValue): its endpoint comes from its packets"
            )
        }
        return (tunnel, present)
    }

    private func update(_ tunnel: Tunnel, to address: IPAddress) throws {
        var new = tunnel.ending(at: address)
        new.changed = self.transaction.time
        try self.transaction.rows.tunnels.update(new)
    }

    /// In how many seconds the next change may be made; 0 for now.
    private func pause(_ recent: [EndpointRequest]) -> Int {
        let start = self.transaction.time.addingTimeInterval(-EndpointPace.short.span)
        let applied = recent.filter { $0.state == .applied && $0.time > start }
        guard applied.count >= EndpointPace.short.most else { return 0 }
        let oldest = applied[EndpointPace.short.most - 1].time
        let end = oldest.addingTimeInterval(EndpointPace.short.span)
        return max(1, Int(end.timeIntervalSince(self.transaction.time).rounded(.up)))
    }
}

extension Tunnel {
    fileprivate func ending(at address: IPAddress) -> Tunnel {
        var tunnel = self
        tunnel.end = .fixed(address)
        return tunnel
    }
}
