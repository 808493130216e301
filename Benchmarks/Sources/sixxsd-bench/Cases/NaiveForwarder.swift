internal import Wire

/// The decision as one writes it first: a dictionary of objects and packets as arrays of octets.
///
/// What the engine is compared with in the same run. It checks less than the engine does.
final class NaiveForwarder {
    private final class Tunnel {
        var isUp = true
        var mtu = 1480
    }

    private var tunnels: [[UInt8]: Tunnel] = [:]
    private let packets: [[UInt8]]

    /// Makes the tunnels and copies the packets.
    init(tunnels: Int, _ traffic: Traffic) {
        for number in 0..<tunnels {
            guard let tid = TID(rawValue: UInt16(number)) else { continue }
            self.tunnels[Self.network(Fleet.remoteAddress(tid))] = Tunnel()
        }
        self.packets = (0..<traffic.packets).map { number in
            Array(
                UnsafeRawBufferPointer(start: traffic.head(number), count: Arena.headSize).prefix(
                    traffic.count
                )
            )
        }
    }

    private static func network(_ address: IPv6Address) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: address.high >> (56 - 8 * $0)) }
    }

    /// Decides the fate of each packet; all must be encapsulated.
    func decide() {
        var good = 0
        for packet in self.packets where self.isForwarded(packet) { good += 1 }
        precondition(good == self.packets.count)
    }

    @inline(never)
    private func isForwarded(_ packet: [UInt8]) -> Bool {
        guard packet.count >= 40, packet[0] >> 4 == 6 else { return false }
        let length = 40 + Int(packet[4]) * 256 + Int(packet[5])
        let source = Array(packet[8..<16])
        let destination = Array(packet[24..<32])
        guard length <= packet.count, self.tunnels[source] == nil, let tunnel = self.tunnels[destination]
        else {
            return false
        }
        return tunnel.isUp && length <= tunnel.mtu && packet[7] > 1
    }
}
