public import Wire

/// Finds the TCP segments of a batch that the kernel can take as one GSO packet, and that come out of it again octet for
/// octet: it decides, and moves nothing.
///
/// A segment joins those before it when it carries on where they end and nothing else tells it apart: all octets of both
/// headers are the same but length, sequence number, checksum and PSH, which only the last may have. Checksums are
/// verified, since the kernel computes them anew. Packets between the same two addresses keep their order.
public struct Coalescer: ~Copyable {
    /// Packets that go to the kernel as one.
    public struct Unit: Sendable {
        /// Place of the first, whose headers stand for all.
        public fileprivate(set) var first: Int
        fileprivate var last: Int
        /// How many there are.
        public fileprivate(set) var count = 1
        /// Length of each one's headers, in octets; only the payload of all but the first is taken.
        public fileprivate(set) var headerLength = 0
        /// Payload of the first, in octets; no other has more.
        fileprivate var segmentSize = 0
        /// Length of all as one packet, in octets.
        fileprivate var octets: Int
        fileprivate var endsWithPush = false
    }

    /// A unit that may still grow.
    private struct Open {
        var unit: Int
        var nextSequence: UInt32
        let headers: TCPTemplate
    }

    /// How many connections are followed at a time.
    private static let mostOpen = 8

    /// The longest packet that is made, in octets; a little less than IPv6's length field allows.
    private static let mostOctets = 65_000

    /// How many packets a batch has room for; more cost an allocation.
    public let capacity: Int

    /// How many packets were added.
    public private(set) var count = 0

    private var units: [Unit] = []
    /// For each packet, the place of the one that follows it in its unit.
    private var successors: [Int]
    /// The oldest first.
    private var open: [Open] = []

    /// Creates an empty batch; allocates all its memory.
    public init(capacity: Int) {
        self.capacity = capacity
        self.units.reserveCapacity(capacity)
        self.successors = [Int](repeating: 0, count: capacity)
        self.open.reserveCapacity(Self.mostOpen)
    }

    /// How many units the packets form, in the order in which they are to go.
    public var unitCount: Int { self.units.count }

    /// Tells a unit.
    public func unit(at index: Int) -> Unit { self.units[index] }

    /// The place of the packet that follows another in its unit.
    public func successor(of place: Int) -> Int { self.successors[place] }

    /// Begins another batch.
    public mutating func removeAll() {
        self.count = 0
        self.units.removeAll(keepingCapacity: true)
        self.open.removeAll(keepingCapacity: true)
    }

    /// Adds a packet at the next place.
    public mutating func add(_ packet: RawSpan) {
        let place = self.count
        if place == self.successors.count { self.successors.append(0) }
        self.count += 1
        guard let segment = TCPData(packet) else {
            if !self.open.isEmpty { self.closeUnits(between: packet) }
            self.units.append(Unit(first: place, last: place, octets: packet.byteCount))
            return
        }
        for position in self.open.indices where self.open[position].headers.isSameConnection(as: packet) {
            if self.join(segment, packet, at: place, to: position) { return }
            self.open.remove(at: position)
            break
        }
        self.begin(segment, packet, at: place)
    }

    private mutating func begin(_ segment: TCPData, _ packet: RawSpan, at place: Int) {
        var unit = Unit(first: place, last: place, octets: packet.byteCount)
        unit.headerLength = segment.headerLength
        unit.segmentSize = segment.payloadLength
        unit.endsWithPush = segment.isPushed
        self.units.append(unit)
        guard !segment.isPushed else { return }
        if self.open.count == Self.mostOpen { self.open.removeFirst() }
        self.open.append(
            Open(
                unit: self.units.count - 1,
                nextSequence: segment.sequence &+ UInt32(truncatingIfNeeded: segment.payloadLength),
                headers: TCPTemplate(packet, headerLength: segment.headerLength)
            )
        )
    }

    /// Takes a segment into a unit of its connection if it carries on where that ends.
    private mutating func join(
        _ segment: TCPData,
        _ packet: RawSpan,
        at place: Int,
        to position: Int
    ) -> Bool {
        let index = self.open[position].unit
        let payload = segment.payloadLength
        guard segment.sequence == self.open[position].nextSequence, payload <= self.units[index].segmentSize,
            self.units[index].octets + payload <= Self.mostOctets,
            self.open[position].headers.matches(packet, headerLength: segment.headerLength)
        else { return false }
        self.successors[self.units[index].last] = place
        self.units[index].last = place
        self.units[index].count += 1
        self.units[index].octets += payload
        self.units[index].endsWithPush = segment.isPushed
        if segment.isPushed || payload < self.units[index].segmentSize {
            // Such a segment lets no other follow.
            self.open.remove(at: position)
        } else {
            self.open[position].nextSequence = segment.sequence &+ UInt32(truncatingIfNeeded: payload)
        }
        return true
    }

    private mutating func closeUnits(between packet: RawSpan) {
        guard packet.byteCount >= IPv6Packet.headerLength else { return }
        self.open.removeAll { $0.headers.hasSameAddresses(as: packet) }
    }

    // MARK: - GSO packets

    /// Has a unit's first packet, in whose place the kernel gets all, say so.
    ///
    /// - Parameters:
    ///   - index: The unit, which has more than one packet.
    ///   - head: Its first packet.
    /// - Returns: What the kernel must be told.
    public func makeGSOPacket(of index: Int, in head: inout MutableRawSpan) -> VirtioNetHeader {
        let unit = self.units[index]
        let length = unit.octets - IPv6Packet.headerLength
        var sum = InternetChecksum()
        sum.addPseudoHeader(
            source: head.bytes.ipv6Address(at: IPv6Header.Offset.source),
            destination: head.bytes.ipv6Address(at: IPv6Header.Offset.destination),
            upperLayerLength: length,
            nextHeader: ProtocolNumber.tcp
        )
        head.set(UInt16(clamping: length), ~sum.value, isPushed: unit.endsWithPush)
        return VirtioNetHeader(
            segmentation: .tcpOverIPv6,
            headerLength: UInt16(clamping: unit.headerLength),
            segmentSize: UInt16(clamping: unit.segmentSize),
            checksum: VirtioNetHeader.Checksum(
                start: UInt16(IPv6Packet.headerLength),
                offset: UInt16(TCPHeader.Offset.checksum)
            )
        )
    }

    /// Undoes ``makeGSOPacket(of:in:)``, to send the packets one by one after all.
    public func unmakeGSOPacket(of index: Int, in head: inout MutableRawSpan) {
        let unit = self.units[index]
        let length = unit.headerLength + unit.segmentSize - IPv6Packet.headerLength
        head.set(UInt16(clamping: length), 0, isPushed: false)
        var sum = InternetChecksum()
        sum.addPseudoHeader(
            source: head.bytes.ipv6Address(at: IPv6Header.Offset.source),
            destination: head.bytes.ipv6Address(at: IPv6Header.Offset.destination),
            upperLayerLength: length,
            nextHeader: ProtocolNumber.tcp
        )
        sum.add(head.bytes.extracting(droppingFirst: IPv6Packet.headerLength))
        head.set(UInt16(clamping: length), sum.value, isPushed: false)
    }
}

extension MutableRawSpan {
    /// Writes what differs between a TCP segment and the GSO packet that it begins.
    @_lifetime(self: copy self)
    fileprivate mutating func set(_ payloadLength: UInt16, _ checksum: UInt16, isPushed: Bool) {
        let flagsOffset = IPv6Packet.headerLength + TCPHeader.Offset.flags
        let flags: UInt8 = self.bytes.bigEndian(at: flagsOffset)
        let push = TCPHeader.Flag.psh
        self.storeBigEndian(payloadLength, at: IPv6Header.Offset.payloadLength)
        self.storeBigEndian(isPushed ? flags | push : flags & ~push, at: flagsOffset)
        self.storeBigEndian(checksum, at: IPv6Packet.headerLength + TCPHeader.Offset.checksum)
    }
}
