import Core
import LinuxIO
import SystemPackage
import Wire

/// Sends what the engine made: at once to the uplink, in batches to the underlay.
struct Egress: ~Copyable {
    /// What a packet of a batch was, for the case that the kernel refuses it.
    private struct Sent {
        var packet: UnsafeRawBufferPointer
        var tunnel: TID?
        var remote: IPAddress
        var origin: Output.Origin
    }

    /// Packets of one IP version that wait to be sent.
    private struct Queue: ~Copyable {
        let batch: TransmitBatch
        let sendsSegments: Bool
        var insistence: Insistence
        /// Where some go instead of through the IP stack.
        var link: LinkEgress?
        var sent: [Sent] = []

        init(capacity: Int, _ sockets: borrowing UnderlaySockets, link: LinkSocket? = nil) {
            self.batch = TransmitBatch(capacity: capacity)
            self.sendsSegments = sockets.sendsSegments
            self.insistence = Insistence(on: sockets.insistentDescriptor)
            if let link { self.link = LinkEgress(link) }
            self.sent.reserveCapacity(capacity)
        }
    }

    private let sockets: WorkerSockets
    private var ipv4: Queue
    private var ipv6: Queue
    private var uplink: UplinkQueue
    /// How many packets wait in all queues: none of them can have more, and it is asked for before each packet.
    private var waiting = 0
    private let capacity: Int

    init(_ sockets: WorkerSockets, capacity: Int) {
        self.sockets = sockets
        self.ipv4 = Queue(capacity: capacity, sockets.ipv4, link: sockets.link)
        self.ipv6 = Queue(capacity: capacity, sockets.ipv6)
        self.uplink = UplinkQueue(capacity: capacity)
        self.capacity = capacity
    }

    /// Whether ``flush(_:_:)`` must come before another packet is asked about, which may bring two.
    var isFull: Bool { self.waiting > self.capacity - 2 }

    /// Takes a packet, at most two of them after ``isFull`` was looked at; its slot must stay as it is until ``flush(_:_:)``.
    mutating func transmit(
        _ buffer: borrowing PacketBuffer,
        _ transmission: Output.Transmission,
        _ engine: inout Engine,
        _ now: Timestamp
    ) {
        switch transmission {
        case .none: return
        case .uplink(let origin) where self.sockets.tun.offloads != nil:
            self.uplink.append(buffer, origin)
        case .uplink(let origin):
            do { try self.sockets.tun.write(buffer.packet) } catch {
                engine.noteSendError(buffer.packet, tunnel: nil, toward: .ipv6(.unspecified), origin, at: now)
            }
            return
        case .underlay(let remote, let tunnel, let origin):
            let packet = buffer.packet.withUnsafeBytes { $0 }
            IPv4Identification.fill(in: packet)
            let sent = Sent(packet: packet, tunnel: tunnel, remote: remote, origin: origin)
            switch remote {
            case .ipv4: self.ipv4.sent.append(sent)
            case .ipv6: self.ipv6.sent.append(sent)
            }
        }
        self.waiting += 1
    }

    /// Sends everything that waits.
    ///
    /// - Parameters:
    ///   - ring: Writes many packets to the TUN device at once; nil afterwards when the kernel does not serve it.
    ///   - engine: Counts what the kernel refuses.
    ///   - now: The time.
    mutating func flush(through ring: inout DeviceRing?, _ engine: inout Engine, _ now: Timestamp) {
        Self.flush(&self.ipv4, self.sockets.ipv4, &engine, now)
        Self.flush(&self.ipv6, self.sockets.ipv6, &engine, now)
        self.uplink.flush(to: self.sockets.tun, through: &ring, &engine, now)
        self.waiting = 0
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

    /// Puts the packets into the batch, in their order; those of AYIYA to the same end as one message where they may.
    private static func fill(_ queue: inout Queue, _ now: Timestamp) {
        var index = 0
        while index < queue.sent.count {
            let start = index
            index += 1
            guard queue.sendsSegments, var batch = AYIYASegmentBatch(queue.sent[start].packet) else {
                Self.append(queue.sent[start], to: &queue, now)
                continue
            }
            while index < queue.sent.count, batch.takes(queue.sent[index].packet) { index += 1 }
            if index - start > 1 {
                Self.append(start..<index, batch, to: queue)
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

    private static func append(_ range: Range<Int>, _ batch: AYIYASegmentBatch, to queue: borrowing Queue) {
        queue.batch.beginSegments(batch.description)
        for index in range {
            let payload = queue.sent[index].packet.dropFirst(batch.headerLength)
            guard let start = UnsafeRawBufferPointer(rebasing: payload).baseAddress else { continue }
            queue.batch.appendSegment(start, length: payload.count)
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
