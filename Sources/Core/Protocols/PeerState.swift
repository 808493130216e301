/// What the protocols remember of one peer, of fixed size: a row of what is known of a tunnel.
struct PeerState: Sendable {
    var ayiya = AYIYAPeerState()
}
