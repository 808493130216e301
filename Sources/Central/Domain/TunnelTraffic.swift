package import Wire

/// What a tunnel moved in a span of time, in octets.
package struct TunnelTraffic: Hashable, Sendable {
    package let fromUser: Tally
    package let toUser: Tally
}
