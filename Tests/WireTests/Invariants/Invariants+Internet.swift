import Wire

func checkIPv4(_ input: [UInt8]) throws(BrokenInvariant) {
    if let quoted = try? IPv4Packet(quoted: input.span.bytes) {
        try require(quoted.headerLength <= quoted.totalLength, "the header lies in the packet")
        try require(
            quoted.headerLength + quoted.payload.byteCount <= input.count,
            "the quote lies in the input"
        )
        _ = (quoted.source, quoted.destination, quoted.protocolNumber, quoted.hasValidChecksum)
    }
    guard let packet = try? IPv4Packet(input.span.bytes) else { return }
    try require((20...60).contains(packet.headerLength), "a header has 20 to 60 octets")
    try require(packet.headerLength + packet.payload.byteCount == packet.totalLength, "the lengths add up")
    try require(packet.totalLength <= input.count, "the packet lies in the input")
    let sum = referenceChecksum(input.part(0, packet.headerLength))
    try require(packet.hasValidChecksum == (sum == 0), "the checksum is the reference's")
    try checkRewrittenIPv4(packet, input)
}

private func checkRewrittenIPv4(_ packet: borrowing IPv4Packet, _ input: [UInt8]) throws(BrokenInvariant) {
    // The writer knows no options.
    guard packet.headerLength == 20, let fragmentation = fragmentation(input) else { return }
    let header = IPv4Header(
        trafficClass: packet.trafficClass,
        totalLength: UInt16(packet.totalLength),
        fragmentation: fragmentation,
        timeToLive: packet.timeToLive,
        protocolNumber: packet.protocolNumber,
        source: packet.source,
        destination: packet.destination
    )
    let octets = input.part(0, 20).rewritten { header.encode(into: &$0, at: 0) }
    try require(octets.part(0, 10) == input.part(0, 10), "the header is written as it was read")
    try require(octets.part(12) == input.part(12, 20), "the addresses are written as they were read")
    try require(referenceChecksum(octets) == 0, "the checksum written is right")
}

/// What an IPv4 header says of fragments; nil for what the writer never says.
private func fragmentation(_ header: [UInt8]) -> IPv4Header.Fragmentation? {
    let (identification, field) = (UInt16(header.word(at: 4)), header.word(at: 6))
    switch field {
    case 0: return .allowed(identification: identification)
    case 0x4000: return identification == 0 ? .forbidden : nil
    case 1...0x3fff:
        let position = (field & 0x1fff) * 8
        return .fragment(identification: identification, offset: position, isLast: field & 0x2000 == 0)
    default: return nil
    }
}

func checkIPv6(_ input: [UInt8]) throws(BrokenInvariant) {
    guard let packet = try? IPv6Packet(input.span.bytes) else { return }
    try require(packet.totalLength == 40 + packet.payload.byteCount, "the lengths add up")
    try require(packet.totalLength <= input.count, "the packet lies in the input")
    let header = IPv6Header(
        trafficClass: packet.trafficClass,
        payloadLength: UInt16(packet.payload.byteCount),
        nextHeader: packet.nextHeader,
        hopLimit: packet.hopLimit,
        source: packet.source,
        destination: packet.destination
    )
    let octets = input.part(0, 40).rewritten { header.encode(into: &$0, at: 0) }
    try require(octets.part(4) == input.part(4, 40), "the header is written as it was read")
    try require(octets[0] == input[0] && octets[1] & 0xf0 == input[1] & 0xf0, "so is the traffic class")
    try require(Int(packet.flowLabel) == Int(input[1] & 0xf) << 16 | input.word(at: 2), "flow label")
    try checkHeaderChain(packet, input.part(0, packet.totalLength))
    try checkUpperLayer(packet)
}

private func checkHeaderChain(_ packet: borrowing IPv6Packet, _ octets: [UInt8]) throws(BrokenInvariant) {
    let chain = packet.headerChain
    try require(chain == referenceHeaderChain(octets), "the chain \(chain) is the reference's")
    if case .upperLayer(58, let offset) = chain, offset < octets.count {
        let isSilent = octets[offset] < 128 || octets[offset] == 137
        try require(packet.mayBeICMPv6ErrorOrRedirect == isSilent, "errors are known by their type")
    }
    if case .upperLayer(let type, _) = chain, type != 58 {
        try require(!packet.mayBeICMPv6ErrorOrRedirect, "next header \(type) is no ICMPv6")
    }
    _ = packet.mayBeICMPv6ErrorOrRedirect
}

/// RFC 8200 §4 once more, written without a look at the code under test's structure.
private func referenceHeaderChain(_ octets: [UInt8]) -> HeaderChain {
    var (type, place, offset) = (octets[6], 6, 40)
    while [0, 43, 44, 51, 60].contains(type) {
        guard octets.count - offset >= 8 else { return .beyondPacket(fieldOffset: place) }
        let unit = Int(octets[offset + 1])
        let length = type == 44 ? 8 : type == 51 ? 4 * unit + 8 : 8 * unit + 8
        guard octets.count - offset >= length else { return .beyondPacket(fieldOffset: offset + 1) }
        if type == 43, octets[offset + 3] > 0 { return .routing(typeOffset: offset + 2) }
        let (fragmentOffset, more) = (octets.word(at: offset + 2) >> 3, octets[offset + 3] & 1)
        if type == 44, fragmentOffset > 0 || more == 1 {
            return .fragment(nextHeader: octets[offset], isFirst: fragmentOffset == 0, offset: offset + 8)
        }
        if type == 0 || type == 60, let end = referenceOptions(octets, offset + 2, offset + length) {
            return end
        }
        (type, place, offset) = (octets[offset], offset, offset + length)
    }
    return .upperLayer(nextHeader: type, offset: offset)
}

/// RFC 8200 §4.2 once more, from the first option to the end of their header.
private func referenceOptions(_ octets: [UInt8], _ start: Int, _ end: Int) -> HeaderChain? {
    if start >= end { return nil }
    if octets[start] == 0 { return referenceOptions(octets, start + 1, end) }
    if start + 1 == end { return .beyondPacket(fieldOffset: start) }
    let next = start + 2 + Int(octets[start + 1])
    if next > end { return .beyondPacket(fieldOffset: start + 1) }
    if octets[start] < 0x40 { return referenceOptions(octets, next, end) }
    let isMulticast = octets[24] == 0xff
    let isAnswered = octets[start] >= 0xc0 ? !isMulticast : octets[start] >= 0x80
    return .unrecognizedOption(offset: start, isAnswered: isAnswered)
}

/// Decodes what the chain ends in, for its own checks.
private func checkUpperLayer(_ packet: borrowing IPv6Packet) throws(BrokenInvariant) {
    guard case .upperLayer(let type, let offset) = packet.headerChain else { return }
    let octets = packet.octets.octets.part(offset)
    switch type {
    case ProtocolNumber.udp: try checkUDP(octets)
    case ProtocolNumber.gre: try checkGRE(octets)
    case ProtocolNumber.icmpv6:
        _ = try? ICMPv6Message(octets.span.bytes, source: packet.source, destination: packet.destination)
    default: break
    }
}

func checkUDP(_ input: [UInt8]) throws(BrokenInvariant) {
    let ports = UDPDatagram.quotedPorts(input.span.bytes)
    try require((ports == nil) == (input.count < 4), "ports need four octets")
    guard let datagram = try? UDPDatagram(input.span.bytes) else { return }
    let length = 8 + datagram.payload.byteCount
    try require(length == input.word(at: 4), "the lengths add up")
    let addresses = (input.address(at: 8), input.address(at: 0))
    let octets = input.part(0, length).rewritten { buffer in
        UDPHeader.encode(
            into: &buffer,
            at: 0,
            payloadLength: length - 8,
            ports: (datagram.sourcePort, datagram.destinationPort),
            addresses: addresses
        )
    }
    try require(octets.part(0, 6) == input.part(0, 6), "the header is written as it was read")
    let pseudo = pseudoHeader(addresses.0, addresses.1, length: length, nextHeader: ProtocolNumber.udp)
    try require(referenceChecksum(pseudo + octets) == 0, "the checksum written is right")
    try require(octets.word(at: 6) != 0, "the checksum written is there")
    try requireValidUDP(octets, addresses)
}

private func requireValidUDP(
    _ octets: [UInt8],
    _ addresses: (IPv6Address, IPv6Address)
) throws(BrokenInvariant) {
    let isValid =
        (try? UDPDatagram(octets.span.bytes).hasValidChecksum(
            source: addresses.0,
            destination: addresses.1
        )) ?? false
    try require(isValid, "the datagram written is read again")
}

func checkOffload(_ input: [UInt8]) throws(BrokenInvariant) {
    guard let header = try? VirtioNetHeader(input.span.bytes) else { return }
    try require(input.count >= VirtioNetHeader.length, "the header lies in the input")
    try require(
        header.segmentation == .none || (header.segmentSize > 0 && header.checksum != nil),
        "segments have a size and a checksum"
    )
    try require(
        VirtioNetHeader.isPlain(input.span.bytes) == (header.segmentation == .none && header.checksum == nil),
        "a look at two octets tells whether nothing is to do"
    )
    let octets = [UInt8](repeating: 0, count: VirtioNetHeader.length).rewritten {
        header.encode(into: &$0, at: 0)
    }
    let again = try? VirtioNetHeader(octets.span.bytes)
    try require(again == header, "the header is written as it was read")
}
