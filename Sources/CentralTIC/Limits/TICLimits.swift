/// What those who connect may take.
package struct TICLimits: Sendable {
    /// Connections in all, and never more than half of the files that the process may have open: the rest of the centre needs its own.
    package var connections = 4096

    /// Connections from one address, or from one IPv6 network of 64 bits.
    package var connectionsOfOne = 16

    /// Within how long a line must have come, after connecting or after the answer to the one before.
    package var line = Duration.seconds(30)

    /// How long a connection may last in all.
    package var whole = Duration.seconds(300)

    /// Within how long answers must have been taken.
    package var stall = Duration.seconds(30)

    /// How long a connection stays after its last line: what is unread makes the kernel throw the line away.
    package var linger = Duration.seconds(1)

    /// Handshakes of TLS under way in all, and of one address or one IPv6 network of 64 bits.
    package var handshakes = 256
    package var handshakesOfOne = 4

    /// Within how long TLS must have begun.
    package var handshake = Duration.seconds(10)

    /// How long lines under way are waited for when the server ends.
    package var ending = Duration.seconds(3)

    package init() {}
}
