import Wire

func checkCapture(_ input: [UInt8]) throws(BrokenInvariant) {
    let capture: Capture
    do throws(Capture.Failure) { capture = try Capture(input) } catch {
        if case .badRecord(let number) = error { try require(number > 0, "records are counted from 1") }
        return
    }
    let octets = capture.packets.reduce(0) { $0 + $1.octets.count }
    try require(octets + 24 + 16 * capture.packets.count <= input.count, "packets are parts of the file")
}
