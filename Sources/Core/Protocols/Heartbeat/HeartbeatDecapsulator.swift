internal import Wire

/// Reads heartbeats: signed messages that say where a user is, whose packets then come as 6in4.
enum HeartbeatDecapsulator {
    /// Takes a message apart.
    ///
    /// - Parameter payload: Of a datagram on the heartbeat port.
    /// - Returns: The message.
    /// - Throws: Why it is none.
    static func decapsulate(_ payload: RawSpan) throws(DropReason) -> HeartbeatMessage {
        do { return try HeartbeatMessage(payload) } catch {
            switch error {
            case .notAHeartbeat: throw .nonHeartbeatPacket
            case .missingSender: throw .missingHeartbeatSender
            case .missingTime: throw .missingHeartbeatTime
            }
        }
    }

    /// Checks what only a peer can have sent.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - peer: The peer that it names.
    ///   - source: Where it came from.
    ///   - unixTime: The time, in seconds since 1970.
    /// - Returns: Whether the peer's retired password signed it.
    /// - Throws: Why it is refused.
    static func verify(
        _ message: HeartbeatMessage,
        from peer: HeartbeatPeerState,
        at source: IPAddress,
        _ unixTime: Int64
    ) throws(DropReason) -> Bool {
        if case .address(let address) = message.sender, address.unmapped != source {
            throw .heartbeatSenderMismatch
        }
        let (difference, isAbsurd) = Int64(clamping: message.epochTime).subtractingReportingOverflow(unixTime)
        guard !isAbsurd, ClockSkew.allows(difference) else { throw .clockSkew }
        guard let isByRetiredPassword = peer.isByRetiredPassword(message, at: unixTime) else {
            throw .heartbeatHashMismatch
        }
        return isByRetiredPassword
    }
}
