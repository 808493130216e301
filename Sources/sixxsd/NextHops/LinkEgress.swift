import Core
import LinuxIO
import Wire

/// Says which packets go straight to a link, and makes them ready for it.
struct LinkEgress: ~Copyable {
    private static let ipv4WithoutOptions: UInt8 = 0x45

    private let port: LinkSocket
    private let queue: NextHopRequestQueue
    private var table = NextHopTable()

    /// For batches.
    var fileDescriptor: CInt { self.port.transmitter.fileDescriptor }

    init(_ port: LinkSocket) {
        self.port = port
        self.queue = port.nextHops.openDesk()
    }

    /// Learns what was found out meanwhile; comes before packets are judged.
    mutating func catchUp(_ now: Timestamp) {
        self.table.keepOnly(self.port.nextHops.generation)
        self.queue.takeAnswers { answer in
            // Those found in tables that have changed since are worthless.
            guard answer.generation == self.table.generation else { return }
            self.table.store(answer.hop, for: answer.remote, at: now.monotonic)
        }
    }

    /// Judges a packet, and completes it when it goes straight to a link.
    ///
    /// - Parameters:
    ///   - packet: An outer packet over IPv4.
    ///   - remote: Its destination.
    ///   - now: The time.
    /// - Returns: Where it goes; nil for through the IP stack.
    mutating func hop(
        for packet: UnsafeRawBufferPointer,
        to remote: IPAddress,
        _ now: Timestamp
    ) -> NextHop? {
        guard case .ipv4(let remote) = remote, Self.isBare(packet) else { return nil }
        let advice = self.table.advice(for: remote, length: packet.count, at: now.monotonic)
        if advice.asks { self.queue.ask(about: remote) }
        if advice.hop != nil { Self.completeChecksum(of: packet) }
        return advice.hop
    }

    /// Uses a next hop no more that a packet could not be sent to.
    mutating func giveUp(_ remote: IPAddress, _ now: Timestamp) {
        guard case .ipv4(let remote) = remote else { return }
        self.table.giveUp(remote, at: now.monotonic)
    }

    /// Whether a packet is 6in4 or GRE.
    private static func isBare(_ packet: UnsafeRawBufferPointer) -> Bool {
        guard packet.count >= IPv4Packet.minimumHeaderLength, packet[0] == Self.ipv4WithoutOptions else {
            return false
        }
        let number = packet[IPv4Header.Offset.protocolNumber]
        return number == ProtocolNumber.ipv6 || number == ProtocolNumber.gre
    }

    /// Writes a header's checksum, which the IP stack would do: since the engine did, the identification has changed.
    static func completeChecksum(of packet: UnsafeRawBufferPointer) {
        let header = UnsafeMutableRawBufferPointer(mutating: packet)
        header.storeBytes(of: 0, toByteOffset: IPv4Header.Offset.checksum, as: UInt16.self)
        var checksum = InternetChecksum()
        for offset in stride(from: 0, to: IPv4Packet.minimumHeaderLength, by: 4) {
            checksum.add(UInt32(bigEndian: header.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        }
        header.storeBytes(
            of: checksum.value.bigEndian,
            toByteOffset: IPv4Header.Offset.checksum,
            as: UInt16.self
        )
    }
}
