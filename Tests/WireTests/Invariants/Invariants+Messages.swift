import Wire

func checkICMPv4(_ input: [UInt8]) throws(BrokenInvariant) {
    let isRight = input.count >= 8 && referenceChecksum(input) == 0
    let message = try? ICMPv4Message(input.span.bytes)
    try require((message != nil) == isRight, "a message is what has 8 octets and a right checksum")
    guard input.count >= 8 else { return }
    let octets = input.rewritten { buffer in
        ICMPv4Message.encodeHeader(
            into: &buffer,
            at: 0,
            type: input[0],
            code: input[1],
            parameter: UInt32(input.word(at: 4)) << 16 | UInt32(input.word(at: 6)),
            bodyLength: input.count - 8
        )
    }
    try require(referenceChecksum(octets) == 0, "the checksum written is right")
    guard let again = try? ICMPv4Message(octets.span.bytes) else {
        throw BrokenInvariant(description: "the message written is read again")
    }
    try require(again.type == input[0] && again.code == input[1], "type and code are as written")
    try require(octets.part(4) == input.part(4), "all but the checksum is written as it was read")
    _ = again.kind
}

func checkICMPv6(_ input: [UInt8]) throws(BrokenInvariant) {
    let addresses = (source: input.address(at: 0), destination: input.address(at: 16))
    let rest = input.part(32)
    let pseudo = pseudoHeader(addresses.source, addresses.destination, length: rest.count, nextHeader: 58)
    let isRight = rest.count >= 8 && referenceChecksum(pseudo + rest) == 0
    let isMessage = isICMPv6(rest, addresses)
    try require(isMessage == isRight, "a message is what has 8 octets and a right checksum")
    guard rest.count >= 8 else { return }
    let parameter = UInt32(rest.word(at: 4)) << 16 | UInt32(rest.word(at: 6))
    let octets = rest.rewritten { buffer in
        ICMPv6Message.encodeHeader(
            into: &buffer,
            at: 0,
            type: rest[0],
            code: rest[1],
            parameter: parameter,
            bodyLength: rest.count - 8,
            addresses: addresses
        )
    }
    try require(octets.part(4) == rest.part(4), "all but the checksum is written as it was read")
    try require(referenceChecksum(pseudo + octets) == 0, "the checksum written is right")
    try require(isICMPv6(octets, addresses), "the message written is read again")
}

private func isICMPv6(_ octets: [UInt8], _ addresses: (source: IPv6Address, destination: IPv6Address)) -> Bool
{
    let message = try? ICMPv6Message(
        octets.span.bytes,
        source: addresses.source,
        destination: addresses.destination
    )
    guard let message else { return false }
    let target = message.solicitedTarget
    return message.body.byteCount == octets.count - 8 && (target != nil) == hasWholeOptions(octets.part(8))
}

/// Whether a target is there and the options behind it end where the message does (RFC 4861 §4.6).
private func hasWholeOptions(_ body: [UInt8]) -> Bool {
    var rest = body.dropFirst(16)
    while let length = rest.dropFirst().first {
        guard length > 0, rest.count >= 8 * Int(length) else { return false }
        rest = rest.dropFirst(8 * Int(length))
    }
    return body.count >= 16 && rest.isEmpty
}

func checkGRE(_ input: [UInt8]) throws(BrokenInvariant) {
    try checkGREPacket(input)
    guard input.count >= 8, input[0] & 0x80 != 0 else { return }
    // Random octets hardly ever have a right checksum: the same once more with one.
    var octets = input
    (octets[4], octets[5]) = (0, 0)
    let checksum = referenceChecksum(octets)
    (octets[4], octets[5]) = (UInt8(checksum >> 8), UInt8(truncatingIfNeeded: checksum))
    try checkGREPacket(octets)
    do throws(DecodeError) { _ = try GREPacket(octets.span.bytes) } catch {
        try require(error != .wrongChecksum, "a right checksum is accepted")
    }
}

private func checkGREPacket(_ input: [UInt8]) throws(BrokenInvariant) {
    guard let packet = try? GREPacket(input.span.bytes) else { return }
    let options = (input[0] >> 7 & 1) + (input[0] >> 5 & 1) + (input[0] >> 4 & 1)
    try require(packet.headerLength == 4 + 4 * Int(options), "each option has four octets")
    try require(packet.headerLength + packet.payload.byteCount == input.count, "the lengths add up")
    try require(input[0] & 0x4c == 0 && input[1] & 7 == 0, "reserved bits and version are 0")
    if input[0] & 0x80 != 0 {
        try require(referenceChecksum(input) == 0, "the checksum is the reference's")
    }
    let octets = input.rewritten { GREPacket.encodeHeader(into: &$0, at: 0) }
    let isReadAgain = (try? GREPacket(octets.span.bytes).headerLength) == 4
    try require(isReadAgain, "the header written is read again")
}
