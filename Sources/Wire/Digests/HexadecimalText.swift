extension Sequence<UInt8> {
    /// Two lower-case digits an octet.
    public var hexadecimalText: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: self.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xf)]] },
            as: UTF8.self
        )
    }
}

extension [UInt8] {
    /// Octets of the system's random numbers, which nobody can guess.
    public static func random(count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// Reads what ``Swift/Sequence/hexadecimalText`` writes; nil for anything else, upper-case digits too.
    public init?(hexadecimalText digits: some Collection<UInt8>) {
        guard digits.count.isMultiple(of: 2) else { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for digit in digits {
            guard !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit), let value = digit.hexadecimalValue
            else { return nil }
            guard let first = high else {
                high = value
                continue
            }
            octets.append(first << 4 | value)
            high = nil
        }
        self = octets
    }
}
