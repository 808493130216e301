internal import Foundation
internal import GRDB
internal import Wire

extension Row {
    /// Reads a column that text was written to by the program itself.
    ///
    /// - Throws: ``RegistryError/unusable(_:)`` when somebody else wrote something else there.
    func parsed<Value>(_ column: String, _ parse: (String) throws -> Value) throws -> Value {
        try self.parsed(column, self[column], parse)
    }

    /// Reads what stands in a column that text was written to by the program itself.
    ///
    /// - Throws: ``RegistryError/unusable(_:)`` when somebody else wrote something else there.
    func parsed<Value>(_ column: String, _ text: String, _ parse: (String) throws -> Value) throws -> Value {
        do {
            return try parse(text)
        } catch {
            throw RegistryError.unusable("the database holds a bad \(column): \(error)")
        }
    }

    /// Reads a number that must fit the domain's type.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    func required<Value>(_ index: Int, _ column: String, _ make: (Int64) -> Value?) throws -> Value {
        let number: Int64 = self[index]
        guard let value = make(number) else {
            throw RegistryError.unusable("the database holds a bad \(column): \(number)")
        }
        return value
    }
}

extension Row {
    /// Reads a number that an older version may have stored as a daemon said it; nil when it cannot be.
    func number(_ column: String, in range: ClosedRange<Int64>) -> Int? {
        (self[column] as Int64?).flatMap { range.contains($0) ? Int($0) : nil }
    }

    /// Reads a counter that an older version may have stored as a daemon said it; nil when it cannot be.
    func tally(_ column: String) -> Tally? { (self[column] as Int64?).flatMap(Tally.init) }

    /// Reads how many round trips took how long; nil when nothing is known of them.
    var roundTrips: RoundTrips? { (self["roundTrips"] as Data?).flatMap { RoundTrips(packed: $0) } }

    /// Reads a word; nil when it is empty.
    func word(_ column: String) -> String? {
        let text: String = self[column]
        return text.isEmpty ? nil : text
    }
}

extension Date {
    /// From a database column: milliseconds since 1970, UTC.
    init(milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    /// For a database column: milliseconds since 1970, UTC; the first or last there is for a time beyond.
    var milliseconds: Int64 {
        let number = (self.timeIntervalSince1970 * 1000).rounded()
        return Int64(exactly: number) ?? (number > 0 ? .max : .min)
    }
}

extension IPv6Address {
    /// The 16 octets in network order, which compare as the addresses do.
    var octets: Data {
        withUnsafeBytes(of: self.high.bigEndian) { Data($0) }
            + withUnsafeBytes(of: self.low.bigEndian) { Data($0) }
    }
}
