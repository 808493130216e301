import Wire

#if canImport(Glibc)
import Glibc
#endif

func checkAddresses(_ input: [UInt8]) throws(BrokenInvariant) {
    let text = String(decoding: input, as: UTF8.self)
    let (ipv4, ipv6) = (try? IPv4Address(parsing: text), try? IPv6Address(parsing: text))
    try require(
        (try? IPAddress(parsing: text)) == ipv4.map(IPAddress.ipv4) ?? ipv6.map(IPAddress.ipv6),
        "either family"
    )
    try requireRoundTrip(ipv4) { try? IPv4Address(parsing: $0) }
    try requireRoundTrip(ipv6) { try? IPv6Address(parsing: $0) }
    try requireRoundTrip(try? IPv6Prefix(parsing: text)) { try? IPv6Prefix(parsing: $0) }
    try requireRoundTrip(try? Endpoint(parsing: text)) { try? Endpoint(parsing: $0) }
    try requireRoundTrip(try? AddressBlock(parsing: text)) { try? AddressBlock(parsing: $0) }
    try requireRoundTrip(try? TID(parsing: text)) { try? TID(parsing: $0) }
    try requireRoundTrip(try? TunnelNumber(parsing: text)) { try? TunnelNumber(parsing: $0) }
    try requireRoundTrip(input.count < 16 ? nil : input.address(at: 0)) { try? IPv6Address(parsing: $0) }
    #if canImport(Glibc)
    guard !input.contains(0) else { return }
    try require(ipv4.map { UInt64($0.value) } == libraryIPv4(text), "the C library agrees on IPv4")
    try require(ipv6 == libraryIPv6(text), "the C library agrees on IPv6")
    #endif
}

private func requireRoundTrip<Value: Equatable & CustomStringConvertible>(
    _ value: Value?,
    _ parse: (String) -> Value?
) throws(BrokenInvariant) {
    guard let value else { return }
    try require(parse(value.description) == value, "\(value) is read again")
    try require(parse(value.description)?.description == value.description, "\(value) is written again")
}

#if canImport(Glibc)
private func libraryIPv4(_ text: String) -> UInt64? {
    var address = in_addr()
    return inet_pton(AF_INET, text, &address) == 1 ? UInt64(UInt32(bigEndian: address.s_addr)) : nil
}

private func libraryIPv6(_ text: String) -> IPv6Address? {
    var octets = [UInt8](repeating: 0, count: 16)
    return inet_pton(AF_INET6, text, &octets) == 1 ? octets.address(at: 0) : nil
}
#endif

func checkConfiguration(_ input: [UInt8]) throws(BrokenInvariant) {
    let lines = input.count { $0 == UInt8(ascii: "\n") } + 1
    let configuration: Configuration
    do throws(ConfigurationError) {
        configuration = try Configuration(parsing: input, file: "fuzz")
    } catch {
        try require((1...lines).contains(error.line), "line \(error.line) is one of \(lines)")
        try require(
            (1...Configuration.maximumLineLength + 1).contains(error.column),
            "column \(error.column)"
        )
        return
    }
    let text = configuration.canonicalText
    guard let again = try? Configuration(parsing: text, file: "canonical") else {
        throw BrokenInvariant(description: "the canonical text loads")
    }
    try require(again.canonicalText == text, "the canonical text is a fixed point")
    try require(again.digest == configuration.digest, "the digest is that of the canonical text")
    try require(sorted(again) == sorted(configuration), "the canonical text loads to an equal value")
    let difference = again.difference(from: configuration).description
    try require(difference == "tunnels +0 ~0 -0, subnets +0 ~0 -0", "it differs in nothing: \(difference)")
}

/// The same configuration in the order of its canonical text.
private func sorted(_ configuration: Configuration) -> Configuration {
    var sorted = configuration
    sorted.tunnels.sort { $0.tid < $1.tid }
    sorted.subnets.sort { $0.prefix < $1.prefix }
    sorted.pop.pops.sort { $0.id < $1.id }
    sorted.pop.subnetPrefixes.sort()
    return sorted
}

func checkControl(_ input: [UInt8]) throws(BrokenInvariant) {
    let whole = replies(input, inPiecesOf: max(input.count, 1))
    let size = Int(input.first ?? 0) % 7 + 1
    try require(replies(input, inPiecesOf: size) == whole, "replies don't depend on pieces of \(size)")
    for case .reply(let reply) in whole {
        // A line `401 7` of one reply would be taken for the beginning of a list.
        let looksLikeList = reply.lines == nil && reply.code % 100 == 1 && Int(reply.text) != nil
        guard !looksLikeList else { continue }
        let again = replies(reply.encoded, inPiecesOf: 5)
        try require(again == [.reply(normalised(reply))], "\(reply) is read again")
    }
    try checkLines(input)
    try checkPrintable(input)
}

private enum Outcome: Equatable {
    case reply(ControlReply)
    case failure(ControlReplyError)
}

private func replies(_ octets: [UInt8], inPiecesOf size: Int) -> [Outcome] {
    var parser = ControlReplyParser()
    var outcomes: [Outcome] = []
    for start in stride(from: 0, to: octets.count, by: size) {
        parser.append(octets[start..<min(start + size, octets.count)])
        do throws(ControlReplyError) {
            while let reply = try parser.next() { outcomes.append(.reply(reply)) }
        } catch {
            return outcomes + [.failure(error)]
        }
    }
    return outcomes
}

/// Whatever octets come, what is shown of them is shown as one line, or as lines.
private func checkPrintable(_ input: [UInt8]) throws(BrokenInvariant) {
    let text = String(decoding: input, as: UTF8.self)
    let line = text.printable
    try require(line.printable == line, "what is printable stays as it is")
    try require(line.firstUnprintable.map { $0.scalar == "\u{fffd}" } ?? true, "nothing else is left")
    try require(line.unicodeScalars.count == text.unicodeScalars.count, "a character for a character")
    let lines = text.printableLines
    try require(lines.printableLines == lines, "lines stay as they are")
    try require(
        lines.unicodeScalars.count { $0 == "\n" } == text.unicodeScalars.count { $0 == "\n" },
        "there are as many lines as before"
    )
}

/// A reply as its writer makes it, without line breaks.
private func normalised(_ reply: ControlReply) -> ControlReply {
    reply.lines.map { ControlReply(reply.code, lines: $0) } ?? ControlReply(reply.code, reply.text)
}

/// Feeds the input's lines to the menus, as a session does.
private func checkLines(_ input: [UInt8]) throws(BrokenInvariant) {
    var framer = ControlFramer(maximumLineLength: 64)
    var menus = MenuPosition()
    framer.append(input)
    while case .line(let line)? = framer.nextLine() {
        try require(line.utf8.count <= 3 * 64, "a line has its maximum length")
        var words = Words(line)
        guard case .command(let path) = menus.follow(&words) else { continue }
        // `explain` and `trace` stand at the top; all others in a menu.
        try require(!path.isEmpty && path.utf8.allSatisfy { $0 >= 0x20 }, "a command has a path: \(path)")
        do throws(Words.Failure) { _ = try ConfigurationCommand(path, &words) } catch {
            try require((1...line.utf8.count + 1).contains(error.column), "column \(error.column)")
        }
    }
    try require(framer.available <= input.count, "nothing is left that never came")
    try checkText(input)
}

/// A session's framer: what arrives in pieces is what arrives at once, and a line is text.
private func checkText(_ input: [UInt8]) throws(BrokenInvariant) {
    let whole = textLines(input, inPiecesOf: max(input.count, 1))
    try require(textLines(input, inPiecesOf: 1) == whole, "lines don't depend on pieces")
    for case .line(let line) in whole {
        try require(!line.utf8.contains { $0 < 0x07 }, "a line has no octets that no text has")
        guard ForeignProtocol(line: line) == nil else { continue }
        var words = Words(line)
        guard let first = words.next() else { continue }
        try require(!first.text.hasPrefix("SSH-"), "SSH is recognized: \(line)")
    }
}

private func textLines(_ octets: [UInt8], inPiecesOf size: Int) -> [ControlFramer.Line] {
    var framer = ControlFramer(maximumLineLength: 64, of: .text)
    var lines: [ControlFramer.Line] = []
    for start in stride(from: 0, to: octets.count, by: size) {
        framer.append(octets[start..<min(start + size, octets.count)])
        while let line = framer.nextLine() {
            lines.append(line)
            guard case .line = line else { return lines }
        }
    }
    return lines
}

func checkState(_ input: [UInt8]) throws(BrokenInvariant) {
    // With the digest that it would have, so that what stands before it is read too.
    let signed = input + Array("end \(MessageDigest.sha256(input).hexadecimalText)\n".utf8)
    for text in [input, signed] {
        guard let state = try? SavedState(parsing: text) else { continue }
        try require((try? SavedState(parsing: state.text)) == state, "a state is read as it is written")
        try require(state.sessions.count <= TID.capacity, "no tid comes twice")
        try require(state.salt.count == SavedState.saltLength, "the salt is whole")
        let isPast = state.sessions.allSatisfy { ($0.beats?.seenAt ?? 0) <= state.writtenAt }
        try require(isPast, "nothing was seen after it was written down")
    }
}
