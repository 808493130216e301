package import Wire

/// What those who connect may take.
package struct HTTPLimits: Sendable {
    /// Connections in all.
    package var connections = 512
    /// Connections from one address, or from one IPv6 network of 64 bits.
    package var connectionsOfOne = 32
    /// Addresses that speak for others, and may have as many connections as there are.
    package var proxies: Set<IPAddress> = []
    /// Within how long the whole head of a request must have come, the first after connecting, each other after the answer
    /// before it.
    package var head = Duration.seconds(10)
    /// Within how long the body must follow.
    package var body = Duration.seconds(30)
    /// Within how long there must be an answer.
    package var answer = Duration.seconds(30)
    /// Within how long an answer must have been taken.
    package var stall = Duration.seconds(60)
    /// How long a connection stays after an answer that ends it: what is unread makes the kernel throw the answer away.
    package var linger = Duration.seconds(1)
    /// How long requests under way are waited for when the server ends.
    package var ending = Duration.seconds(10)
    /// Octets of a body.
    package var bodyOctets = 64 << 10
    /// Octets of what is asked for in the first line.
    package var targetOctets = 8 << 10

    package init() {}
}
