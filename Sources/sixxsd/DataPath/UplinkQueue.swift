import Core
import LinuxIO
import Wire

/// Packets that wait to be handed to the kernel, TCP segments that follow each other as one.
struct UplinkQueue: ~Copyable {
    private struct Waiting {
        var packet: UnsafeRawBufferPointer
        var origin: Output.Origin
    }

    private var coalescer: Coalescer
    private var waiting: [Waiting] = []
    private let gathered: GatheredPacket

    init(capacity: Int) {
        self.coalescer = Coalescer(capacity: capacity)
        self.waiting.reserveCapacity(capacity)
        self.gathered = GatheredPacket(capacity: capacity)
    }

    /// Takes a packet, which must stay as it is until it is flushed.
    mutating func append(_ packet: RawSpan, _ origin: Output.Origin) {
        self.coalescer.add(packet)
        self.waiting.append(Waiting(packet: packet.withUnsafeBytes { $0 }, origin: origin))
    }

    /// Hands everything that waits to the kernel.
    mutating func flush(to tun: borrowing TUNDevice, _ engine: inout Engine, _ now: Moment) {
        guard !self.waiting.isEmpty else { return }
        for index in 0..<self.coalescer.unitCount {
            let unit = self.coalescer.unit(at: index)
            guard unit.count > 1 else {
                self.write(unit.first, to: tun, &engine, now)
                continue
            }
            if !self.writeTogether(index, unit, to: tun) {
                self.writeOneByOne(index, unit, to: tun, &engine, now)
            }
        }
        self.coalescer.removeAll()
        self.waiting.removeAll(keepingCapacity: true)
    }

    private func write(_ place: Int, to tun: borrowing TUNDevice, _ engine: inout Engine, _ now: Moment) {
        let packet = RawSpan(_unsafeBytes: self.waiting[place].packet)
        do { try tun.write(packet) } catch {
            let origin = self.waiting[place].origin
            engine.noteSendError(packet, tunnel: nil, toward: .ipv6(.unspecified), origin, at: now)
        }
    }

    private func writeTogether(_ index: Int, _ unit: Coalescer.Unit, to tun: borrowing TUNDevice) -> Bool {
        var head = MutableRawSpan(_unsafeBytes: self.head(of: unit))
        self.gathered.begin(self.coalescer.makeSuperPacket(of: index, in: &head))
        self.gathered.append(self.waiting[unit.first].packet)
        var place = unit.first
        for _ in 1..<unit.count {
            place = self.coalescer.successor(of: place)
            let payload = self.waiting[place].packet.dropFirst(unit.headerLength)
            self.gathered.append(UnsafeRawBufferPointer(rebasing: payload))
        }
        return (try? tun.write(self.gathered)) != nil
    }

    /// What the kernel refuses together, it may take one by one; each that it refuses is counted.
    private func writeOneByOne(
        _ index: Int,
        _ unit: Coalescer.Unit,
        to tun: borrowing TUNDevice,
        _ engine: inout Engine,
        _ now: Moment
    ) {
        var head = MutableRawSpan(_unsafeBytes: self.head(of: unit))
        self.coalescer.unmakeSuperPacket(of: index, in: &head)
        var place = unit.first
        for number in 0..<unit.count {
            if number > 0 { place = self.coalescer.successor(of: place) }
            self.write(place, to: tun, &engine, now)
        }
    }

    private func head(of unit: Coalescer.Unit) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(mutating: self.waiting[unit.first].packet)
    }
}
