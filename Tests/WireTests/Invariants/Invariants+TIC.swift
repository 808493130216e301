import Wire

/// What comes from clients of TIC, and from its servers.
func checkTIC(_ input: [UInt8]) throws(BrokenInvariant) {
    let whole = try lines(of: input, cutAt: input.count)
    if input.count <= TICLines.most {
        let cut = try lines(of: input, cutAt: input.count / 3)
        try require(cut == whole, "lines are the same however they are cut")
    }
    for line in whole.lines {
        try require(line.count <= TICLines.longestLine, "no line is longer than any may be")
        try require(!line.contains(UInt8(ascii: "\n")), "a line has no line feed")
        if let reply = TICReply(parsing: line) {
            try require((0...999).contains(reply.code), "a code has three digits")
        }
        try checkTICCommand(line)
    }
    try checkTICCommand(input)
}

private func checkTICCommand(_ line: [UInt8]) throws(BrokenInvariant) {
    guard let command = try? TICCommand(parsing: line) else { return }
    switch command {
    case .username(let word), .tunnelShow(let word), .popShow(let word), .authenticate(_, let word):
        try require(!word.isEmpty && !word.contains(" "), "an argument is a word")
        try require(word.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "an argument is printable")
    case .client, .getUnixTime, .startTLS, .challenge, .tunnelList, .popList, .quit: break
    }
}

private func lines(
    of input: [UInt8],
    cutAt place: Int
) throws(BrokenInvariant) -> (lines: [[UInt8]], isTooLong: Bool) {
    var buffer = TICLines()
    var lines: [[UInt8]] = []
    for part in [input[..<place], input[place...]] {
        guard buffer.append(part) else { return ([], true) }
        try require(buffer.count <= TICLines.most, "what waits is bounded")
        while let next = buffer.next() {
            guard case .line(let line) = next else { return (lines, true) }
            lines.append(line)
        }
    }
    return (lines, false)
}
