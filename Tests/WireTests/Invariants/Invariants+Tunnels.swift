import Wire

private let password = Array("f3d47c2de40fb698e1ab15d757a09bfc".utf8)
private let secret = AYIYASecret(password: password)

func checkAYIYA(_ input: [UInt8]) throws(BrokenInvariant) {
    guard let packet = try? AYIYAPacket(input.span.bytes) else { return }
    try require(44 + packet.payload.byteCount == input.count, "the lengths add up")
    try require(packet.opcode.rawValue == input[2] & 0xf, "the opcode is the low nibble")
    try require(packet.identity == input.address(at: 8), "the identity is octets 8 to 23")
    _ = packet.hasSignature(by: secret)
    let header = AYIYAHeader(
        opcode: packet.opcode,
        nextHeader: packet.nextHeader,
        epochTime: packet.epochTime,
        identity: packet.identity
    )
    let octets = input.rewritten {
        header.encode(into: &$0, at: 0, payloadLength: input.count - 44, signedWith: secret)
    }
    try require(octets.part(0, 24) == input.part(0, 24), "the header is written as it was read")
    try require(octets.part(44) == input.part(44), "the payload is left alone")
    try require(isSigned(octets), "what was signed is accepted")
    try require(!isSigned(flippedSomewhere(octets)), "what was changed is not")
}

private func isSigned(_ octets: [UInt8]) -> Bool {
    (try? AYIYAPacket(octets.span.bytes).hasSignature(by: secret)) ?? false
}

/// The octets with a bit flipped at a place that depends on them.
private func flippedSomewhere(_ octets: [UInt8]) -> [UInt8] {
    var flipped = octets
    let place = octets.word(at: 24) % octets.count
    flipped[place] ^= 1 << (octets[26] & 7)
    return flipped
}

func checkHeartbeat(_ input: [UInt8]) throws(BrokenInvariant) {
    guard let message = try? HeartbeatMessage(input.span.bytes) else { return }
    try require(input.starts(with: "HEARTBEAT TUNNEL ".utf8), "it begins as one")
    try require(!message.isSigned(with: "not the password"), "nobody guesses a hash")
    let octets = HeartbeatMessage.encode(
        identity: message.identity,
        sender: message.sender,
        epochTime: message.epochTime,
        password: "password"
    )
    guard let again = try? HeartbeatMessage(octets.span.bytes) else {
        throw BrokenInvariant(description: "what was written is read again")
    }
    try require(again.identity == message.identity, "with its identity")
    try require(again.sender == message.sender, "with its sender")
    try require(again.epochTime == message.epochTime, "with its time")
    try require(again.isSigned(with: "password"), "with its hash")
    try require(!again.isSigned(with: "passwore"), "and no other")
}

func checkDigest(_ input: [UInt8]) throws(BrokenInvariant) {
    let whole = SHA1Digest(of: input.span.bytes)
    try require(whole.array == referenceSHA1(input), "it is the reference's")
    let datagrams = (0..<DatagramSignatures.most).map { input.dropFirst(7 * $0) }.filter { $0.count >= 44 }
    for (datagram, signature) in zip(datagrams, signatures(of: datagrams)) {
        let signed = datagram.prefix(24) + referenceSHA1(password) + datagram.dropFirst(44)
        try require(signature == referenceSHA1(Array(signed)), "so are those of datagrams signed together")
    }
}

/// The signatures of datagrams, worked out together.
private func signatures(of datagrams: [ArraySlice<UInt8>]) -> [[UInt8]] {
    var signatures = DatagramSignatures()
    return Array(datagrams.joined()).withUnsafeBytes { octets in
        var start = 0
        for datagram in datagrams {
            let range = start..<start + datagram.count
            signatures.append(UnsafeRawBufferPointer(rebasing: octets[range]), by: secret)
            start = range.upperBound
        }
        signatures.compute()
        return (0..<signatures.count).map { signatures.signature(at: $0).array }
    }
}

extension SHA1Digest {
    fileprivate var array: [UInt8] { self.octets.indices.map { self.octets[$0] } }
}

/// SHA-1 after FIPS 180-4 §6.1.3, the alternate method with a circular queue of 16 words.
private func referenceSHA1(_ message: [UInt8]) -> [UInt8] {
    let padding = [0x80] + [UInt8](repeating: 0, count: (119 - message.count % 64) % 64)
    let bits = UInt64(message.count) * 8
    let octets = message + padding + (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
    var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
    for start in stride(from: 0, to: octets.count, by: 64) {
        var queue = (0..<16).map { word in
            (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(octets[start + 4 * word + $1]) }
        }
        var work = state
        for round in 0..<80 { referenceRound(round, &queue, &work) }
        for index in 0..<5 { state[index] &+= work[index] }
    }
    return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) } }
}

private func referenceRound(_ round: Int, _ queue: inout [UInt32], _ work: inout [UInt32]) {
    let rotate = { (value: UInt32, bits: UInt32) in value << bits | value >> (32 - bits) }
    let slot = round & 15
    if round >= 16 {
        queue[slot] = rotate(
            queue[(slot + 13) & 15] ^ queue[(slot + 8) & 15] ^ queue[(slot + 2) & 15] ^ queue[slot],
            1
        )
    }
    let (b, c, d) = (work[1], work[2], work[3])
    let mixed =
        switch round / 20 {
        case 0: (d ^ (b & (c ^ d))) &+ 0x5a82_7999
        case 1: (b ^ c ^ d) &+ 0x6ed9_eba1
        case 2: ((b & c) | (d & (b | c))) &+ 0x8f1b_bcdc
        default: (b ^ c ^ d) &+ 0xca62_c1d6
        }
    let next = rotate(work[0], 5) &+ mixed &+ work[4] &+ queue[slot]
    work = [next, work[0], rotate(b, 30), c, d]
}
