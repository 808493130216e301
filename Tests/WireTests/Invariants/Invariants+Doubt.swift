import Wire

/// Inner packets that links may have put together, or whose checksum may not be complete.
func checkDoubt(_ input: [UInt8]) throws(BrokenInvariant) {
    let bytes = input.span.bytes
    let guess = DoubtfulPacket.guess(bytes)
    guard let place = DoubtfulPacket.checksumPlace(in: bytes) else {
        try require(guess == nil, "nothing is guessed of what is neither TCP nor UDP")
        return
    }
    try require(Int(place.start) >= 40, "the checksum covers no IPv6 header")
    try require(Int(place.start) + Int(place.offset) + 2 <= input.count, "its field lies in the packet")
    try requireGuess(guess, place, count: input.count)
    try requireDoubt(input, place)
}

private func requireGuess(
    _ guess: VirtioNetHeader?,
    _ place: VirtioNetHeader.Checksum,
    count: Int
) throws(BrokenInvariant) {
    guard let guess else { return }
    try require(guess.checksum == place, "the guess is about the packet's own checksum")
    guard guess.segmentation != .none else { return }
    try require(guess.segmentation == .tcpOverIPv6, "only TCP is cut up by guess")
    try require(guess.segmentSize > 0, "segments have a size")
    try require(
        Int(guess.headerLength) + Int(guess.segmentSize) <= max(1280, Int(guess.headerLength) + 1),
        "a segment is no longer than every path takes it"
    )
    try require(count > 1280, "what every path takes is not cut up")
}

/// What has the sum of the pseudo-header for a checksum is in doubt, and something is guessed of it.
private func requireDoubt(_ input: [UInt8], _ place: VirtioNetHeader.Checksum) throws(BrokenInvariant) {
    let sum = DoubtfulPacket.pseudoHeaderSum(of: input.span.bytes, at: place)
    var unfinished = input
    let field = Int(place.start) + Int(place.offset)
    unfinished[field] = UInt8(sum >> 8)
    unfinished[field + 1] = UInt8(truncatingIfNeeded: sum)
    // Behind a fragment header it is another matter: no link puts fragments together.
    let isBehindOthers = [44, 51].contains(input[6])
    try require(
        isBehindOthers || DoubtfulPacket.isDoubtful(unfinished.span.bytes),
        "a bare sum of the pseudo-header is in doubt"
    )
    let isTCP = place.offset == 16
    try require(
        DoubtfulPacket.guess(unfinished.span.bytes) != nil || (!isTCP && input.count > 1522),
        "something is guessed of it"
    )
}
