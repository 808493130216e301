import Wire

/// Packets in words: lines that a page can show, whatever the packet is, and as many as headers fit into it.
func checkPacketWords(_ input: [UInt8]) throws(BrokenInvariant) {
    for length in [input.count, input.count + 1, 65_535] {
        let lines = PacketWords(input, length: length).lines
        try require((1...12).contains(lines.count), "\(lines.count) lines")
        let text = lines.joined()
        try require(text.utf8.count < 12 * 200, "lines are short: \(text)")
        try require(text.unicodeScalars.allSatisfy { (0x20..<0x7f).contains($0.value) }, "and clean: \(text)")
    }
}
