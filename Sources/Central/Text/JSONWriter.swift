internal import Foundation

/// Writes JSON octet by octet as `JSONEncoder` does with sorted keys, in a tenth of the time: for documents of which one command
/// writes tens of thousands.
package struct JSONWriter {
    private(set) var octets: [UInt8] = []
    private let isIndented: Bool
    private var depth = 0
    private var isFirst = true

    /// From how many elements on a list is long.
    private static let longList = 1000
    /// Octets that are kept for each element of a long list, so that it is not moved as it grows.
    private static let usualLength = 512

    init(isIndented: Bool) { self.isIndented = isIndented }

    var text: String { String(decoding: self.octets, as: UTF8.self) }

    /// Writes an object; the body writes its members, in the order of their keys.
    mutating func object(_ body: (inout JSONWriter) -> Void) {
        self.nest("{", "}") { body(&$0) }
    }

    /// Writes a list.
    mutating func array<Element>(
        _ elements: some Collection<Element>,
        _ body: (inout JSONWriter, Element) -> Void
    ) {
        self.nest("[", "]") { writer in
            if elements.count >= Self.longList {
                writer.octets.reserveCapacity(writer.octets.count + elements.count * Self.usualLength)
            }
            for element in elements {
                writer.separate()
                body(&writer, element)
            }
        }
    }

    /// Writes a member whose value the body writes.
    mutating func member(_ key: StaticString, _ value: (inout JSONWriter) -> Void) {
        self.separate()
        self.octets.append(UInt8(ascii: "\""))
        self.put(key)
        self.put(self.isIndented ? "\" : " : "\":")
        value(&self)
    }

    mutating func member(_ key: StaticString, _ value: String) {
        self.member(key) { $0.text(value) }
    }

    /// Writes `null` for none.
    mutating func member(_ key: StaticString, orNull value: String?) {
        self.member(key) { writer in
            if let value { writer.text(value) } else { writer.put("null") }
        }
    }

    mutating func member(_ key: StaticString, _ value: Int) {
        self.member(key) { $0.append("\(value)") }
    }

    mutating func member(_ key: StaticString, _ value: Bool) {
        self.member(key) { $0.put(value ? "true" : "false") }
    }

    /// Writes a text in quotes.
    mutating func text(_ text: String) {
        self.put("\"")
        defer { self.put("\"") }
        var text = text
        let isPlain = text.withUTF8 { octets in
            guard octets.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
            else {
                return false
            }
            self.octets.append(contentsOf: octets)
            return true
        }
        if !isPlain { self.escape(text) }
    }

    private mutating func escape(_ text: String) {
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "\""): self.put("\\\"")
            case UInt8(ascii: "\\"): self.put("\\\\")
            case 0x08: self.put("\\b")
            case 0x09: self.put("\\t")
            case 0x0A: self.put("\\n")
            case 0x0C: self.put("\\f")
            case 0x0D: self.put("\\r")
            case 0..<0x20: self.append("\\u00\(octet < 16 ? "0" : "")\(String(octet, radix: 16))")
            default: self.octets.append(octet)
            }
        }
    }

    private mutating func nest(
        _ open: StaticString,
        _ close: StaticString,
        _ body: (inout JSONWriter) -> Void
    ) {
        self.put(open)
        self.depth += 1
        let outer = self.isFirst
        self.isFirst = true
        body(&self)
        self.depth -= 1
        if self.isIndented {
            // An empty one has an empty line in it, as Foundation writes it.
            if self.isFirst { self.put("\n") }
            self.newLine()
        }
        self.isFirst = outer
        self.put(close)
    }

    private mutating func separate() {
        if !self.isFirst { self.put(",") }
        self.isFirst = false
        if self.isIndented { self.newLine() }
    }

    private mutating func newLine() {
        self.put("\n")
        for _ in 0..<self.depth { self.put("  ") }
    }

    /// As ``append(_:)``, of what is known when the program is built: its octets are copied as they are.
    private mutating func put(_ text: StaticString) {
        self.octets.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        )
    }

    private mutating func append(_ text: String) { self.octets.append(contentsOf: text.utf8) }
}

/// A document that writes itself; what it writes is what an encoder would.
package protocol JSONDocument: Encodable {
    func write(to writer: inout JSONWriter)
}
