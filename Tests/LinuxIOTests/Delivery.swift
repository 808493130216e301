import LinuxIO
import SystemPackage
import Wire

/// Waits for what was sent to arrive: whoever sends may be told that it is done before another thread of the kernel has
/// delivered it, which is so when the processor is busy.
enum Delivery {
    private static let loopback = IPAddress.ipv4(IPv4Address(127, 0, 0, 1))
    /// As long as it takes on a busy machine.
    private static let longest: CInt = 60_000

    /// Waits until all has arrived that the calling thread sent within its namespace, and what the kernel answered at once.
    ///
    /// Each processor delivers in the order in which things were sent on it, and ``NetworkNamespace/run(_:)`` keeps the thread on one:
    /// what is sent last arrives last. An answer may be sent while what is sent last is on its way, so that there are two of these.
    static func wait() throws {
        let receiver = try UDPSocket(port: 0, family: .ipv4)
        let port = try receiver.localEndpoint().port
        let sender = try UDPSocket(connectedTo: Endpoint(Self.loopback, port: port))
        let poller = try Poller()
        try poller.add(receiver.fileDescriptor, token: 0)
        let batch = try ReceiveBatch(capacity: 1, slotSize: 64, headroom: 0)
        for _ in 0..<2 {
            try sender.send([0].span.bytes)
            guard try poller.wait(timeoutInMilliseconds: Self.longest) == 1,
                try batch.receive(from: receiver.fileDescriptor) == 1
            else { throw Errno.timedOut }
        }
    }
}
