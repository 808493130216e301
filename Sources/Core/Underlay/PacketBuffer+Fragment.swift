internal import Wire

extension PacketBuffer {
    /// Cuts an outer packet in two that is larger than its path, so that inner packets of 1280 octets get through
    /// every path (RFC 4213 §3.2.2, RFC 2473 §7).
    ///
    /// - Parameters:
    ///   - other: Takes the second fragment.
    ///   - limit: Size of the largest packet that the path takes, in octets.
    ///   - identification: Tells the fragments from others, over IPv6.
    /// - Returns: Whether it was cut; not when two fragments would not do, which is left to IPv4's routers.
    @_lifetime(self: copy self)
    @_lifetime(other: copy other)
    mutating func fragment(
        into other: inout PacketBuffer,
        limit: Int,
        identification: @autoclosure () -> UInt32
    ) -> Bool {
        let version: UInt8 = self.packet.bigEndian(at: 0)
        return version >> 4 == 4
            ? self.fragmentIPv4(into: &other, limit: limit)
            : self.fragmentIPv6(into: &other, limit: limit, identification: identification())
    }

    /// How much of a payload goes into the first of two fragments, a multiple of 8; nil when two won't do.
    private static func split(_ payload: Int, headers: Int, limit: Int) -> Int? {
        let first = (limit - headers) & ~7
        guard first > 0, payload > first, payload - first <= limit - headers else { return nil }
        return first
    }

    @_lifetime(self: copy self)
    @_lifetime(other: copy other)
    private mutating func fragmentIPv4(into other: inout PacketBuffer, limit: Int) -> Bool {
        let headerLength = IPv4Packet.minimumHeaderLength
        let payload = self.count - headerLength
        guard let header = IPv4Header(rereading: self.packet), !header.isFragmentationForbidden,
            let first = Self.split(payload, headers: headerLength, limit: limit),
            other.replace(with: self.packet.extracting(droppingFirst: headerLength + first))
        else { return false }
        other.prepend(headerLength)
        header.fragment(offset: first, payload: payload - first, isLast: true)
            .encode(into: &other.bytes, at: other.range.lowerBound)
        self.truncate(to: headerLength + first)
        header.fragment(offset: 0, payload: first, isLast: false)
            .encode(into: &self.bytes, at: self.range.lowerBound)
        return true
    }

    @_lifetime(self: copy self)
    @_lifetime(other: copy other)
    private mutating func fragmentIPv6(
        into other: inout PacketBuffer,
        limit: Int,
        identification: UInt32
    ) -> Bool {
        let headers = IPv6Packet.headerLength + FragmentHeader.length
        let payload = self.count - IPv6Packet.headerLength
        guard let header = IPv6Header(rereading: self.packet),
            let first = Self.split(payload, headers: headers, limit: max(limit, IPv6Packet.minimumMTU)),
            other.replace(with: self.packet.extracting(droppingFirst: IPv6Packet.headerLength + first))
        else { return false }
        other.prependFragmentHeaders(header, position: first, isLast: true, identification)
        self.truncate(to: IPv6Packet.headerLength + first)
        self.removeFirst(IPv6Packet.headerLength)
        self.prependFragmentHeaders(header, position: 0, isLast: false, identification)
        return true
    }

    @_lifetime(self: copy self)
    private mutating func prependFragmentHeaders(
        _ header: IPv6Header,
        position: Int,
        isLast: Bool,
        _ identification: UInt32
    ) {
        self.prepend(FragmentHeader.length)
        FragmentHeader.encode(
            into: &self.bytes,
            at: self.range.lowerBound,
            nextHeader: header.nextHeader,
            position: position,
            isLast: isLast,
            identification: identification
        )
        var outer = header
        outer.nextHeader = ProtocolNumber.fragment
        outer.payloadLength = UInt16(clamping: self.count)
        self.prepend(IPv6Packet.headerLength)
        outer.encode(into: &self.bytes, at: self.range.lowerBound)
    }
}

extension IPv4Header {
    /// Reads a header that was just written; nil when it is none.
    fileprivate init?(rereading octets: RawSpan) {
        guard let packet = try? IPv4Packet(octets) else { return nil }
        self.init(
            trafficClass: packet.trafficClass,
            totalLength: UInt16(clamping: packet.totalLength),
            fragmentation: packet.dontFragment ? .forbidden : .allowed(identification: packet.identification),
            timeToLive: packet.timeToLive,
            protocolNumber: packet.protocolNumber,
            source: packet.source,
            destination: packet.destination
        )
    }

    fileprivate var isFragmentationForbidden: Bool { self.fragmentation == .forbidden }

    /// The header of one fragment.
    fileprivate func fragment(offset: Int, payload: Int, isLast: Bool) -> IPv4Header {
        var header = self
        header.totalLength = UInt16(clamping: IPv4Packet.minimumHeaderLength + payload)
        if case .allowed(let identification) = self.fragmentation {
            header.fragmentation = .fragment(identification: identification, offset: offset, isLast: isLast)
        }
        return header
    }
}

extension IPv6Header {
    /// Reads a header that was just written; nil when it is none.
    fileprivate init?(rereading octets: RawSpan) {
        guard let packet = try? IPv6Packet(octets) else { return nil }
        self.init(
            trafficClass: packet.trafficClass,
            flowLabel: packet.flowLabel,
            payloadLength: UInt16(clamping: packet.payload.byteCount),
            nextHeader: packet.nextHeader,
            hopLimit: packet.hopLimit,
            source: packet.source,
            destination: packet.destination
        )
    }
}
