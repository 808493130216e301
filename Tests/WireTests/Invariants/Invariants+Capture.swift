import Wire

func checkCapture(_ input: [UInt8]) throws(BrokenInvariant) {
    let capture: Capture
    do throws(Capture.Failure) { capture = try Capture(input) } catch {
        switch error {
        case .badRecord(let number): try require(number > 0, "records are counted from 1")
        case .badBlock(let offset), .unknownInterface(let offset):
            try require(offset < input.count, "a block begins in the file")
        case .notACapture, .unknownLink: break
        }
        return
    }
    let octets = capture.packets.reduce(0) { $0 + $1.octets.count }
    try require(octets + 24 + 16 * capture.packets.count <= input.count, "packets are parts of the file")
}
