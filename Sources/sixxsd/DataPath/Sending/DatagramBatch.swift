import Core
import LinuxIO
import Wire

/// Datagrams that a UDP socket can send as one message (UDP_SEGMENT): outer headers alike, same length, but for the last,
/// which may be shorter.
struct DatagramBatch {
    /// What the kernel writes in front of each.
    private let headers: OuterDatagram
    private var segments: UDPSegmentBatch

    /// Begins a batch with a datagram; nil when none of that port can be sent so.
    ///
    /// - Parameters:
    ///   - headers: Its outer headers.
    ///   - length: Of its payload, in octets.
    ///   - port: Of the socket.
    init?(_ headers: OuterDatagram, payload length: Int, from port: UInt16) {
        guard headers.path.localPort == port, length > 0 else { return nil }
        self.headers = headers
        self.segments = UDPSegmentBatch(length: length)
    }

    /// What the kernel is told of the batch.
    var description: TransmitBatch.Segments {
        TransmitBatch.Segments(
            from: self.headers.path.local,
            to: self.headers.path.remote,
            port: self.headers.path.remotePort,
            trafficClass: self.headers.trafficClass,
            segmentSize: UInt16(clamping: self.segments.segmentSize),
            flowLabel: self.headers.flowLabel
        )
    }

    /// Takes another datagram into the batch if it may be part of it.
    mutating func takes(_ headers: OuterDatagram, payload length: Int) -> Bool {
        headers == self.headers && self.segments.takes(length: length)
    }
}
