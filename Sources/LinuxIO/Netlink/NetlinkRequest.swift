internal import CLinux
internal import Wire

/// A netlink message to send: header, fixed part, attributes, all in host order (RFC 3549 §2.3).
struct NetlinkRequest {
    /// What error messages call it (`RTM_NEWROUTE`).
    let call: String

    /// What it is about, for error messages ("adding route …").
    let subject: String

    private(set) var octets: [UInt8]

    private enum Offset {
        static let length = 0
        static let sequence = 8
    }

    init(_ call: String, type: Int, flags: CInt, subject: String) {
        self.call = call
        self.subject = subject
        self.octets = []
        self.append(UInt32(0))
        self.append(UInt16(truncatingIfNeeded: type))
        self.append(UInt16(truncatingIfNeeded: NLM_F_REQUEST | flags))
        self.append(UInt32(0))
        self.append(UInt32(0))
    }

    /// A request that begins with one of the kernel's structures.
    init(
        _ call: String,
        type: Int,
        flags: CInt,
        subject: String,
        message: some BitwiseCopyable
    ) {
        self.init(call, type: type, flags: flags, subject: subject)
        self.append(message)
    }

    /// Appends an integer or one of the kernel's structures.
    mutating func append<Value: BitwiseCopyable>(_ value: Value) {
        withUnsafeBytes(of: value) { self.octets.append(contentsOf: $0) }
    }

    /// Appends an attribute, padded to four octets.
    mutating func attribute<Value: BitwiseCopyable>(_ type: Int, _ value: Value) {
        self.nested(type) { $0.append(value) }
    }

    /// Appends an attribute that holds an address in network order.
    mutating func attribute(_ type: Int, _ address: IPv6Address) {
        self.nested(type) {
            $0.append(address.high.bigEndian)
            $0.append(address.low.bigEndian)
        }
    }

    /// Appends an attribute whose content the body writes.
    mutating func nested(_ type: Int, _ body: (inout Self) -> Void) {
        let start = self.octets.count
        self.append(UInt16(0))
        self.append(UInt16(truncatingIfNeeded: type))
        body(&self)
        self.overwrite(UInt16(truncatingIfNeeded: self.octets.count - start), at: start)
        while !self.octets.count.isMultiple(of: 4) { self.octets.append(0) }
    }

    /// The whole message, its length and number filled in.
    func encoded(sequence: UInt32) -> [UInt8] {
        var message = self
        message.overwrite(UInt32(truncatingIfNeeded: self.octets.count), at: Offset.length)
        message.overwrite(sequence, at: Offset.sequence)
        return message.octets
    }

    private mutating func overwrite<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
        withUnsafeBytes(of: value) { octets in
            for (index, octet) in octets.enumerated() { self.octets[offset + index] = octet }
        }
    }
}
