internal import Wire

/// What the heartbeat protocol remembers of one peer: what its messages may be signed with.
struct HeartbeatPeerState {
    let password: TunnelPassword?
    /// What messages may be signed with too, until the expiry, in seconds since 1970.
    let retired: (password: TunnelPassword, expiry: Int64)?

    /// Whether the retired one of a peer's two passwords signed a message; nil when neither did.
    func isByRetiredPassword(_ message: HeartbeatMessage, at unixTime: Int64) -> Bool? {
        if let password = self.password, message.isSigned(with: password) { return false }
        guard let retired = self.retired, unixTime < retired.expiry,
            message.isSigned(with: retired.password)
        else { return nil }
        return true
    }
}
