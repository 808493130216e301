/// The classic format of libpcap: a header, then records (draft-ietf-opsawg-pcap); times in micro- or nanoseconds.
enum PcapReader {
    private static let headerLength = 24
    private static let recordLength = 16

    /// Reads a whole file.
    static func packets(of file: [UInt8]) throws(Capture.Failure) -> [Capture.Packet] {
        guard let order = Self.order(of: file) else { throw .notACapture }
        let type = order.word(at: 20, in: file) & 0xffff
        guard let link = Capture.Link(rawValue: type) else { throw .unknownLink(type) }
        var packets: [Capture.Packet] = []
        var offset = Self.headerLength
        var number = 0
        while offset < file.count {
            number += 1
            guard offset + Self.recordLength <= file.count else { throw .badRecord(number) }
            let captured = order.word(at: offset + 8, in: file)
            let start = offset + Self.recordLength
            guard captured <= Capture.maximumLength, start + Int(captured) <= file.count else {
                throw .badRecord(number)
            }
            if let octets = link.payload(of: file[start..<start + Int(captured)]) {
                let isWhole = captured >= order.word(at: offset + 12, in: file)
                let time = Int64(order.word(at: offset, in: file))
                packets.append(Capture.Packet(time: time, octets: Array(octets), isWhole: isWhole))
            }
            offset = start + Int(captured)
        }
        return packets
    }

    private static func order(of file: [UInt8]) -> Capture.ByteOrder? {
        guard file.count >= Self.headerLength else { return nil }
        switch Array(file[0..<4]) {
        case [0xa1, 0xb2, 0xc3, 0xd4], [0xa1, 0xb2, 0x3c, 0x4d]: return .bigEndian
        case [0xd4, 0xc3, 0xb2, 0xa1], [0x4d, 0x3c, 0xb2, 0xa1]: return .littleEndian
        default: return nil
        }
    }
}
