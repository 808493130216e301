import Core
import LinuxIO
import Logging
import Wire

/// Packets for the host that wait to be handed to the kernel, TCP segments that follow each other as one.
struct HostQueue: ~Copyable {
    private static let capacity = 128
    /// The longest packet, in octets, and the room in front of it; whole pages.
    private static let slotSize = 17 * 4096

    private let logger: Logger
    private var coalescer = Coalescer(capacity: Self.capacity)
    private var waiting: [UnsafeRawBufferPointer] = []
    private let gathered = GatheredPacket(capacity: Self.capacity)
    /// Takes one of the packets that another is cut up into.
    private let segment: PacketArena

    /// Creates an empty queue; allocates all its memory.
    ///
    /// - Parameter logger: Gets a line of level debug for each packet that the kernel refuses.
    /// - Throws: ``SystemCallError`` when there is no memory.
    init(_ logger: Logger) throws(SystemCallError) {
        let segment = try PacketArena(capacity: 1, slotSize: Self.slotSize)
        self.segment = segment
        self.logger = logger
        self.waiting.reserveCapacity(Self.capacity)
    }

    /// Whether ``flush(to:)`` must come before another packet.
    var isFull: Bool { self.waiting.count == Self.capacity }

    /// Takes a packet, which must stay as it is until it is flushed.
    mutating func append(_ packet: UnsafeRawBufferPointer) {
        self.coalescer.add(RawSpan(_unsafeBytes: packet))
        self.waiting.append(packet)
    }

    /// Hands everything that waits to the kernel.
    mutating func flush(to tun: borrowing TUNDevice) {
        guard !self.waiting.isEmpty else { return }
        for index in 0..<self.coalescer.unitCount {
            let unit = self.coalescer.unit(at: index)
            if unit.count == 1 {
                self.write(self.waiting[unit.first], to: tun)
            } else if !self.writeTogether(index, unit, to: tun) {
                self.writeOneByOne(index, unit, to: tun)
            }
        }
        self.coalescer.removeAll()
        self.waiting.removeAll(keepingCapacity: true)
    }

    /// Hands one packet to the kernel.
    func write(_ packet: UnsafeRawBufferPointer, to tun: borrowing TUNDevice) {
        do throws(SystemCallError) {
            try tun.write(RawSpan(_unsafeBytes: packet))
        } catch {
            self.logger.debug("a packet was lost: \(error)")
        }
    }

    /// Hands the kernel a packet that the receiving link merged, after all that waits.
    ///
    /// - Parameters:
    ///   - packet: The packet, whose checksum is not complete.
    ///   - header: What its segments are like.
    ///   - tun: The device.
    mutating func write(
        merged packet: UnsafeRawBufferPointer,
        _ header: VirtioNetHeader,
        to tun: borrowing TUNDevice
    ) {
        self.flush(to: tun)
        if tun.offloads != nil {
            self.gathered.begin(header)
            self.gathered.append(packet)
            if (try? tun.write(self.gathered)) != nil { return }
        }
        self.cutUp(packet, header, to: tun)
    }

    /// Hands the kernel the packets one by one that another stands for; as it is, one that stands for none.
    private func cutUp(
        _ packet: UnsafeRawBufferPointer,
        _ header: VirtioNetHeader,
        to tun: borrowing TUNDevice
    ) {
        guard let whole = try? GSOPacket(RawSpan(_unsafeBytes: packet), header) else {
            self.write(packet, to: tun)
            return
        }
        let headroom = PacketBuffer.headroom
        let slot = self.segment.slot(at: 0)
        for index in 0..<whole.count {
            var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: headroom..<headroom)
            guard whole.write(index, into: &buffer) else { continue }
            self.write(UnsafeRawBufferPointer(rebasing: slot[buffer.range]), to: tun)
        }
    }

    private func writeTogether(_ index: Int, _ unit: Coalescer.Unit, to tun: borrowing TUNDevice) -> Bool {
        var head = MutableRawSpan(_unsafeBytes: self.head(of: unit))
        self.gathered.begin(self.coalescer.makeGSOPacket(of: index, in: &head))
        self.gathered.append(self.waiting[unit.first])
        var place = unit.first
        for _ in 1..<unit.count {
            place = self.coalescer.successor(of: place)
            let payload = self.waiting[place].dropFirst(unit.headerLength)
            self.gathered.append(UnsafeRawBufferPointer(rebasing: payload))
        }
        return (try? tun.write(self.gathered)) != nil
    }

    /// What the kernel refuses together, it may take one by one.
    private func writeOneByOne(_ index: Int, _ unit: Coalescer.Unit, to tun: borrowing TUNDevice) {
        var head = MutableRawSpan(_unsafeBytes: self.head(of: unit))
        self.coalescer.unmakeGSOPacket(of: index, in: &head)
        var place = unit.first
        for number in 0..<unit.count {
            if number > 0 { place = self.coalescer.successor(of: place) }
            self.write(self.waiting[place], to: tun)
        }
    }

    private func head(of unit: Coalescer.Unit) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(mutating: self.waiting[unit.first])
    }
}
