/// A text that equals another only octet by octet, as the database, a file system and a login see it.
///
/// Swift takes two spellings of one letter (é as one character or as two) for equal: a change from one to the other would not
/// be made.
@propertyWrapper
package struct Exact<Value: ExactlyComparable & Sendable>: Encodable, Hashable, Sendable {
    package var wrappedValue: Value

    package init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

    package static func == (left: Self, right: Self) -> Bool {
        left.wrappedValue.isExactly(right.wrappedValue)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(self.wrappedValue.exactOctets) }

    package func encode(to encoder: any Encoder) throws { try self.wrappedValue.encode(to: encoder) }
}

/// A text, or none.
package protocol ExactlyComparable: Encodable {
    /// The octets that count; nil for none.
    var exactOctets: [UInt8]? { get }
}

extension ExactlyComparable {
    /// Whether both are the same octets.
    func isExactly(_ other: Self) -> Bool { self.exactOctets == other.exactOctets }
}

extension String: ExactlyComparable {
    package var exactOctets: [UInt8]? { Array(self.utf8) }
}

extension String?: ExactlyComparable {
    package var exactOctets: [UInt8]? { self.map { Array($0.utf8) } }
}
