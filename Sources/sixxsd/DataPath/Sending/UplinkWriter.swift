import Core
import LinuxIO
import Wire

/// Packets that wait to be handed to the kernel, TCP segments that follow each other as one.
struct UplinkWriter: ~Copyable {
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

    /// Takes a packet, which must stay as it is until it is flushed; what lies in front of it in its slot need not.
    ///
    /// Where the kernel takes nothing but single packets, it is handed over at once.
    ///
    /// - Returns: Whether it waits.
    mutating func write(
        _ buffer: borrowing PacketBuffer,
        _ origin: Output.Origin,
        to tun: borrowing TUNDevice,
        _ engine: inout Engine,
        _ now: Timestamp
    ) -> Bool {
        guard tun.offloads == nil else {
            self.append(buffer, origin)
            return true
        }
        do { try tun.write(buffer.packet) } catch {
            engine.noteSendError(buffer.packet, tunnel: nil, toward: .ipv6(.unspecified), origin, at: now)
        }
        return false
    }

    private mutating func append(_ buffer: borrowing PacketBuffer, _ origin: Output.Origin) {
        precondition(buffer.range.lowerBound >= VirtioNetHeader.length, "no room for an offload header")
        self.coalescer.add(buffer.packet)
        self.waiting.append(Waiting(packet: buffer.packet.withUnsafeBytes { $0 }, origin: origin))
    }

    /// Hands everything that waits to the kernel, in the order in which it came.
    ///
    /// - Parameters:
    ///   - tun: Where it goes.
    ///   - ring: Writes many packets at once; nil afterwards when the kernel does not serve it.
    ///   - engine: Counts what the kernel refuses.
    ///   - now: The time.
    mutating func flush(
        to tun: borrowing TUNDevice,
        through ring: inout DeviceRing?,
        _ engine: inout Engine,
        _ now: Timestamp
    ) {
        guard !self.waiting.isEmpty else { return }
        var start = 0
        for index in 0..<self.coalescer.unitCount where self.coalescer.unit(at: index).count > 1 {
            self.writeSingles(start..<index, to: tun, through: &ring, &engine, now)
            start = index + 1
            let unit = self.coalescer.unit(at: index)
            if !self.writeTogether(index, unit, to: tun) {
                self.writeOneByOne(index, unit, to: tun, &engine, now)
            }
        }
        self.writeSingles(start..<self.coalescer.unitCount, to: tun, through: &ring, &engine, now)
        self.coalescer.removeAll()
        self.waiting.removeAll(keepingCapacity: true)
    }

    /// Writes units of one packet each.
    private func writeSingles(
        _ units: Range<Int>,
        to tun: borrowing TUNDevice,
        through ring: inout DeviceRing?,
        _ engine: inout Engine,
        _ now: Timestamp
    ) {
        var next = units.lowerBound
        while let some = ring, units.upperBound - next > 1 {
            let end = min(next + DeviceRing.capacity, units.upperBound)
            for index in next..<end { some.append(self.withHeader(self.coalescer.unit(at: index).first)) }
            // What the ring has not written is counted, and what comes later is written one by one.
            do throws(SystemCallError) { try some.write() } catch { ring = nil }
            for index in next..<end where !some.isWritten(at: index - next) {
                self.noteRefused(self.coalescer.unit(at: index).first, &engine, now)
            }
            next = end
        }
        for index in next..<units.upperBound {
            self.write(self.coalescer.unit(at: index).first, to: tun, &engine, now)
        }
    }

    private func write(_ place: Int, to tun: borrowing TUNDevice, _ engine: inout Engine, _ now: Timestamp) {
        do throws(SystemCallError) {
            try tun.write(withHeader: UnsafeRawBufferPointer(self.withHeader(place)))
        } catch {
            self.noteRefused(place, &engine, now)
        }
    }

    /// A packet, and the header in front that says that nothing is special about it.
    private func withHeader(_ place: Int) -> UnsafeMutableRawBufferPointer {
        let packet = self.waiting[place].packet
        guard let start = UnsafeMutableRawPointer(mutating: packet.baseAddress) else {
            return UnsafeMutableRawBufferPointer(start: nil, count: 0)
        }
        let whole = UnsafeMutableRawBufferPointer(
            start: start - VirtioNetHeader.length,
            count: VirtioNetHeader.length + packet.count
        )
        whole.storeBytes(of: VirtioNetHeader.plain, as: InlineArray<10, UInt8>.self)
        return whole
    }

    private func noteRefused(_ place: Int, _ engine: inout Engine, _ now: Timestamp) {
        let packet = RawSpan(_unsafeBytes: self.waiting[place].packet)
        let origin = self.waiting[place].origin
        engine.noteSendError(packet, tunnel: nil, toward: .ipv6(.unspecified), origin, at: now)
    }

    private func writeTogether(_ index: Int, _ unit: Coalescer.Unit, to tun: borrowing TUNDevice) -> Bool {
        var head = MutableRawSpan(_unsafeBytes: self.head(of: unit))
        self.gathered.begin(self.coalescer.makeGSOPacket(of: index, in: &head))
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
        _ now: Timestamp
    ) {
        var head = MutableRawSpan(_unsafeBytes: self.head(of: unit))
        self.coalescer.unmakeGSOPacket(of: index, in: &head)
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
