import Core
import LinuxIO
import SystemPackage
import Wire

/// Sends outer packets in batches.
struct UnderlaySender: ~Copyable {
    /// What a packet of a batch was, for the case that the kernel refuses it.
    private struct Sent {
        var packet: UnsafeRawBufferPointer
        /// Its outer headers, where the kernel may write them.
        var datagram: OuterDatagram?
        var tunnel: TID?
        var remote: IPAddress
        var origin: Output.Origin

        /// Of a datagram, in octets.
        var payloadLength: Int { self.packet.count - (self.datagram?.headerLength ?? 0) }
    }

    /// Packets of one IP version that wait to be sent.
    private struct Queue: ~Copyable {
        let batch: TransmitBatch
        /// The port that datagrams leave from as segments of one message; nil where none do.
        let segmentPort: UInt16?
        var insistence: Insistence
        /// Where some go instead of through the IP stack.
        var link: LinkEgress?
        var sent: [Sent] = []

        init(capacity: Int, _ sockets: borrowing UnderlaySockets, link: LinkSocket? = nil) {
            self.batch = TransmitBatch(capacity: capacity)
            self.segmentPort = sockets.segmentPort
            self.insistence = Insistence(on: sockets.insistentDescriptor)
            if let link { self.link = LinkEgress(link) }
            self.sent.reserveCapacity(capacity)
        }
    }

    private var ipv4: Queue
    private var ipv6: Queue

    init(_ sockets: WorkerSockets, capacity: Int) {
        self.ipv4 = Queue(capacity: capacity, sockets.ipv4, link: sockets.link)
        self.ipv6 = Queue(capacity: capacity, sockets.ipv6)
    }

    /// Takes a packet; its slot must stay as it is until ``flush(through:_:_:)``.
    @inline(__always)
    mutating func append(
        _ buffer: borrowing PacketBuffer,
        _ datagram: OuterDatagram?,
        to remote: IPAddress,
        of tunnel: TID?,
        _ origin: Output.Origin
    ) {
        let packet = buffer.packet.withUnsafeBytes { $0 }
        let sent = Sent(packet: packet, datagram: datagram, tunnel: tunnel, remote: remote, origin: origin)
        switch remote {
        case .ipv4: self.ipv4.sent.append(sent)
        case .ipv6: self.ipv6.sent.append(sent)
        }
    }

    /// Sends everything that waits.
    ///
    /// - Parameters:
    ///   - sockets: Where.
    ///   - engine: Counts what the kernel refuses.
    ///   - now: The time.
    mutating func flush(through sockets: WorkerSockets, _ engine: inout Engine, _ now: Timestamp) {
        Self.flush(&self.ipv4, sockets.ipv4, &engine, now)
        Self.flush(&self.ipv6, sockets.ipv6, &engine, now)
    }

    private static func flush(
        _ queue: inout Queue,
        _ sockets: borrowing UnderlaySockets,
        _ engine: inout Engine,
        _ now: Timestamp
    ) {
        guard !queue.sent.isEmpty else { return }
        queue.link?.catchUp(now)
        Self.fill(&queue, now)
        let single = sockets.transmitter.fileDescriptor
        let outcome = queue.batch.flush(
            on: single,
            segmentsOn: sockets.segmentDescriptor,
            linksOn: queue.link?.fileDescriptor ?? -1
        )
        if outcome.failed > 0 {
            Self.handleFailures(outcome.failed, of: &queue, on: single, &engine, now)
        }
        queue.sent.removeAll(keepingCapacity: true)
    }

    // MARK: - Segments

    /// Puts the packets into the batch, in their order; datagrams whose headers are alike as one message where they may.
    private static func fill(_ queue: inout Queue, _ now: Timestamp) {
        var index = 0
        while index < queue.sent.count {
            let start = index
            index += 1
            guard let port = queue.segmentPort, let headers = queue.sent[start].datagram,
                var batch = DatagramBatch(headers, payload: queue.sent[start].payloadLength, from: port)
            else {
                Self.append(queue.sent[start], to: &queue, now)
                continue
            }
            while index < queue.sent.count, let next = queue.sent[index].datagram,
                batch.takes(next, payload: queue.sent[index].payloadLength)
            {
                index += 1
            }
            if index - start > 1 {
                Self.append(start..<index, batch, headers.headerLength, to: queue)
            } else {
                Self.append(queue.sent[start], to: &queue, now)
            }
        }
    }

    private static func append(_ sent: Sent, to queue: inout Queue, _ now: Timestamp) {
        guard let start = sent.packet.baseAddress else { return }
        if let hop = queue.link?.hop(for: sent.packet, to: sent.remote, now) {
            queue.batch.append(start, length: sent.packet.count, straightTo: hop)
        } else {
            queue.batch.append(start, length: sent.packet.count, to: sent.remote)
        }
    }

    /// Appends datagrams without the headers that the kernel writes.
    private static func append(
        _ range: Range<Int>,
        _ batch: DatagramBatch,
        _ headerLength: Int,
        to queue: borrowing Queue
    ) {
        queue.batch.beginSegments(batch.description)
        for index in range {
            let packet = queue.sent[index].packet
            guard let start = packet.baseAddress else { continue }
            queue.batch.appendSegment(start + headerLength, length: packet.count - headerLength)
        }
    }

    // MARK: - Failures

    private static func handleFailures(
        _ count: Int,
        of queue: inout Queue,
        on fileDescriptor: CInt,
        _ engine: inout Engine,
        _ now: Timestamp
    ) {
        for number in 0..<count {
            let failure = queue.batch.failure(at: number)
            if failure.wasForLink, !failure.isLackOfRoom {
                queue.link?.giveUp(queue.sent[failure.index].remote, now)
                Self.sendAlone(failure.index, of: &queue, on: fileDescriptor, &engine, now)
                continue
            }
            guard failure.packets > 1 else {
                Self.note(failure.errno, failure.index, of: &queue, &engine, now)
                continue
            }
            for index in failure.index..<failure.index + failure.packets {
                Self.sendAlone(index, of: &queue, on: fileDescriptor, &engine, now)
            }
        }
    }

    /// A message that the kernel refuses goes packet by packet, so that only those are lost that it refuses one by one.
    private static func sendAlone(
        _ index: Int,
        of queue: inout Queue,
        on fileDescriptor: CInt,
        _ engine: inout Engine,
        _ now: Timestamp
    ) {
        let sent = queue.sent[index]
        guard let error = RawTransmitter.send(sent.packet, to: sent.remote, on: fileDescriptor) else {
            return
        }
        Self.note(error, index, of: &queue, &engine, now)
    }

    private static func note(
        _ error: Errno,
        _ index: Int,
        of queue: inout Queue,
        _ engine: inout Engine,
        _ now: Timestamp
    ) {
        let sent = queue.sent[index]
        if error == .messageTooLong,
            queue.insistence.send(sent.packet, to: sent.remote, at: now.monotonic)
        {
            return
        }
        let packet = RawSpan(_unsafeBytes: sent.packet)
        engine.noteSendError(packet, tunnel: sent.tunnel, toward: sent.remote, sent.origin, at: now)
        guard error == .messageTooLong, let tunnel = sent.tunnel, let mtu = LinkMTU.toward(sent.remote) else {
            return
        }
        engine.noteLinkMTU(mtu, of: tunnel, at: now)
    }
}
