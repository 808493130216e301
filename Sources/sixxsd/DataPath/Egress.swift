import Core
import LinuxIO
import SystemPackage
import Wire

/// Sends what the engine made: at once to the uplink, in batches to the outside.
struct Egress: ~Copyable {
    /// What a packet of a batch was, for the case that the kernel refuses it.
    private struct Sent {
        var packet: UnsafeRawBufferPointer
        var tunnel: TID?
        var remote: IPAddress
        var origin: Output.Origin
    }

    /// Packets of one IP version that wait to be sent.
    private struct Queue {
        let batch: TransmitBatch
        var sent: [Sent] = []

        init(capacity: Int) {
            self.batch = TransmitBatch(capacity: capacity)
            self.sent.reserveCapacity(capacity)
        }
    }

    private let ports: Ports
    private var ipv4: Queue
    private var ipv6: Queue

    init(_ ports: Ports, capacity: Int) {
        self.ports = ports
        // The spare buffer and the packet itself may both leave for each packet of a batch.
        self.ipv4 = Queue(capacity: 2 * capacity)
        self.ipv6 = Queue(capacity: 2 * capacity)
    }

    /// Takes a packet; its slot must stay as it is until ``flush(_:_:)``.
    mutating func transmit(
        _ buffer: borrowing PacketBuffer,
        _ transmission: Output.Transmission,
        _ engine: inout Engine,
        _ now: Moment
    ) {
        switch transmission {
        case .none: break
        case .uplink(let origin):
            do { try self.ports.tun.write(buffer.packet) } catch {
                engine.noteSendError(buffer.packet, tunnel: nil, toward: .ipv6(.unspecified), origin, at: now)
            }
        case .outside(let remote, let tunnel, let origin):
            let packet = buffer.packet.withUnsafeBytes { $0 }
            Self.setIdentification(of: packet)
            let sent = Sent(packet: packet, tunnel: tunnel, remote: remote, origin: origin)
            switch remote {
            case .ipv4: Self.enqueue(sent, in: &self.ipv4)
            case .ipv6: Self.enqueue(sent, in: &self.ipv6)
            }
        }
    }

    /// Gives an outer packet that can't be fragmented some identification: where there is none, the kernel draws a random
    /// one for each, for a tenth of what sending costs. All values are as good (RFC 6864 §4.1).
    private static func setIdentification(of packet: UnsafeRawBufferPointer) {
        guard packet.count >= IPv4Packet.minimumHeaderLength, packet[0] == Self.ipv4WithoutOptions,
            packet.loadUnaligned(fromByteOffset: 4, as: UInt32.self).bigEndian == Self.dontFragment
        else { return }
        let header = UnsafeMutableRawBufferPointer(mutating: packet)
        header.storeBytes(of: Self.identification, toByteOffset: 4, as: UInt16.self)
    }

    /// Version and header length of an IPv4 packet.
    private static let ipv4WithoutOptions: UInt8 = 0x45
    /// Identification 0, DF, offset 0.
    private static let dontFragment: UInt32 = 0x4000
    private static let identification = UInt16(1).bigEndian

    private static func enqueue(_ sent: Sent, in queue: inout Queue) {
        guard let start = sent.packet.baseAddress, !queue.batch.isFull else { return }
        queue.batch.append(start, length: sent.packet.count, to: sent.remote)
        queue.sent.append(sent)
    }

    /// Sends everything that waits.
    mutating func flush(_ engine: inout Engine, _ now: Moment) {
        Self.flush(&self.ipv4, on: self.ports.ipv4.transmitter.fileDescriptor, &engine, now)
        Self.flush(&self.ipv6, on: self.ports.ipv6.transmitter.fileDescriptor, &engine, now)
    }

    private static func flush(
        _ queue: inout Queue,
        on fileDescriptor: CInt,
        _ engine: inout Engine,
        _ now: Moment
    ) {
        guard queue.batch.count > 0 else { return }
        let outcome = queue.batch.flush(on: fileDescriptor)
        for index in 0..<outcome.failed {
            let failure = queue.batch.failure(at: index)
            let sent = queue.sent[failure.index]
            let packet = RawSpan(_unsafeBytes: sent.packet)
            engine.noteSendError(packet, tunnel: sent.tunnel, toward: sent.remote, sent.origin, at: now)
            guard failure.errno == .messageTooLong, let tunnel = sent.tunnel,
                let mtu = LinkMTU.toward(sent.remote)
            else { continue }
            engine.noteLinkMTU(mtu, of: tunnel, at: now)
        }
        queue.sent.removeAll(keepingCapacity: true)
    }
}
