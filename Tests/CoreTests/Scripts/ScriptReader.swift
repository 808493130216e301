import Wire

/// Reads numbers off octets that nobody chose well; zeros when there are no more.
struct ScriptReader {
    private let octets: [UInt8]
    private var position = 0

    init(_ octets: [UInt8]) {
        self.octets = octets
    }

    var isAtEnd: Bool { self.position >= self.octets.count }

    mutating func octet() -> UInt8 {
        guard self.position < self.octets.count else { return 0 }
        defer { self.position += 1 }
        return self.octets[self.position]
    }

    mutating func word() -> UInt16 { UInt16(self.octet()) << 8 | UInt16(self.octet()) }

    /// A number under a limit.
    mutating func number(under limit: Int) -> Int {
        limit > 256 ? Int(self.word()) % limit : Int(self.octet()) % limit
    }

    /// At most so many of the octets that follow.
    mutating func octets(_ count: Int) -> [UInt8] {
        let end = min(self.octets.count, self.position + count)
        defer { self.position = end }
        return Array(self.octets[self.position..<end])
    }

    /// One of several things.
    mutating func element<Element>(of list: [Element]) -> Element {
        list[self.number(under: list.count)]
    }
}
