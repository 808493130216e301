/// A line of a TIC server: three digits, a blank and text.
public struct TICReply: Hashable, Sendable {
    /// What the digits say; 2xx is yes.
    public let code: Int

    /// What stands behind the fourth column.
    public let text: String

    /// What begins a list.
    public static let listBegins = 201

    /// What ends a list.
    public static let listEnds = 202

    /// Reads a line without its end; nil for another.
    public init?(parsing line: [UInt8]) {
        let digits = line.prefix(3)
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            line.count == 3 || line[3] == UInt8(ascii: " "),
            let text = String(validating: line.dropFirst(4), as: UTF8.self)
        else { return nil }
        self.code = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        self.text = text
    }

    /// Whether it says yes.
    public var isPositive: Bool { (200...299).contains(self.code) }
}
