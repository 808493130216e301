public import Wire

/// Makes heartbeats, at the user's end.
public enum HeartbeatEncapsulator {
    /// Makes a beat that has the PoP answer where the datagram comes from.
    ///
    /// - Parameters:
    ///   - identity: The user's address inside the tunnel.
    ///   - password: What signs it.
    ///   - unixTime: The time, in seconds since 1970.
    /// - Returns: Payload of a datagram to the heartbeat port.
    public static func beat(
        of identity: IPv6Address,
        signedWith password: TunnelPassword,
        at unixTime: UInt64
    ) -> [UInt8] {
        HeartbeatMessage.encode(identity: identity, sender: .source, epochTime: unixTime, password: password)
    }
}
