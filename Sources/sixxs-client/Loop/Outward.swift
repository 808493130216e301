import LinuxIO

/// Takes what the host sends to the PoP, many packets at a time.
struct Outward: ~Copyable {
    private var outbox: Outbox
    private let dispatcher = Dispatcher()

    /// Allocates all its memory.
    ///
    /// - Throws: ``SystemCallError`` when there is none.
    init() throws(SystemCallError) {
        let outbox = try Outbox()
        self.outbox = outbox
    }

    /// Reads a device until it is empty or the turn is over, and sends what it gave.
    ///
    /// - Parameters:
    ///   - tun: The device.
    ///   - mostPackets: After how many packets the turn is over; what came last is taken whole.
    ///   - session: Decides about each packet.
    ///   - popSocket: The way to the PoP.
    ///   - now: The time.
    /// - Throws: ``SystemCallError`` when the device fails, for instance because it was removed.
    mutating func serve(
        _ tun: borrowing TUNDevice,
        atMost mostPackets: Int,
        _ session: inout TunnelSession,
        _ popSocket: inout PoPSocketKeeper,
        at now: ClientTime
    ) throws(SystemCallError) {
        let dispatcher = self.dispatcher
        let headerLength = tun.headerLength
        var index = 0
        var packets = 0
        while packets < mostPackets {
            let room = self.outbox.room(at: index, headerLength: headerLength)
            guard let octets = try tun.read(into: room) else { break }
            let count = self.outbox.receive(octets, at: index, headerLength: headerLength, &session, at: now)
            {
                dispatcher.send($0, through: &popSocket, at: now.monotonic)
            }
            packets += max(count, 1)
            // What was cut up lies elsewhere: its slot, which is in the cache, can take the next packet.
            if count == 0 { index += 1 }
            guard index == Outbox.mostRead else { continue }
            self.outbox.flush(session) { dispatcher.send($0, through: &popSocket, at: now.monotonic) }
            index = 0
        }
        self.outbox.flush(session) { dispatcher.send($0, through: &popSocket, at: now.monotonic) }
    }
}
