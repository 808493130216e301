/// Reads numbers and words of a report, and notes what cannot be.
struct ReportReader {
    /// Seconds of a hundred years.
    static let century: Int64 = 36_525 * 86_400

    var json: JSONReader
    var doubts = ReportDoubts()

    /// Reads a whole number.
    ///
    /// - Throws: ``JSONReader/Failure``.
    mutating func integer(
        _ name: some RawRepresentable<String>,
        in range: ClosedRange<Int64>
    ) throws(JSONReader.Failure) -> Int? {
        let value = try self.json.value()
        if let number = value.integer, range.contains(number) { return Int(number) }
        self.doubts.note("\(name.rawValue) is \(value.words)")
        return nil
    }

    /// Reads a whole number, or null for none.
    ///
    /// - Throws: ``JSONReader/Failure``.
    mutating func optionalInteger(
        _ name: some RawRepresentable<String>,
        in range: ClosedRange<Int64>
    ) throws(JSONReader.Failure) -> Int? {
        let value = try self.json.value()
        if case .null = value { return nil }
        if let number = value.integer, range.contains(number) { return Int(number) }
        self.doubts.note("\(name.rawValue) is \(value.words)")
        return nil
    }

    /// Reads a counter.
    ///
    /// - Throws: ``JSONReader/Failure``.
    mutating func tally(_ name: some RawRepresentable<String>) throws(JSONReader.Failure) -> Tally? {
        let value = try self.json.value()
        if let tally = value.integer.flatMap(Tally.init(reported:)) { return tally }
        self.doubts.note("\(name.rawValue) is \(value.words)")
        return nil
    }

    /// Reads a number, or null for none.
    ///
    /// - Throws: ``JSONReader/Failure``.
    mutating func fraction(
        _ name: some RawRepresentable<String>,
        in range: ClosedRange<Double>
    ) throws(JSONReader.Failure) -> Double? {
        let value = try self.json.value()
        if case .null = value { return nil }
        if let number = value.double, range.contains(number) { return number }
        self.doubts.note("\(name.rawValue) is \(value.words)")
        return nil
    }

    /// Reads a text that is of use, 64 octets at most.
    ///
    /// - Throws: ``JSONReader/Failure``.
    mutating func text<Value>(
        _ name: some RawRepresentable<String>,
        orNull: Bool = false,
        convert: (String) -> Value?
    ) throws(JSONReader.Failure) -> Value? {
        let value = try self.json.value(textUpTo: 64)
        if case .null = value, orNull { return nil }
        if case .text(let text) = value, let converted = convert(text) { return converted }
        self.doubts.note("\(name.rawValue) is \(value.words)")
        return nil
    }

    /// Reads an array of texts for people, each as one line that can be printed; those behind the first few are passed over,
    /// and what is none is noted.
    ///
    /// - Throws: ``JSONReader/Failure``.
    mutating func lines(
        _ name: some RawRepresentable<String>,
        atMost limit: Int,
        upTo length: Int
    ) throws(JSONReader.Failure) -> [String] {
        guard self.json.isAtArray() else {
            let value = try self.json.value()
            self.doubts.note("\(name.rawValue) is \(value.words)")
            return []
        }
        var lines: [String] = []
        try self.json.beginArray()
        while try self.json.nextElement() {
            let value = try self.json.value(textUpTo: length)
            guard case .text(let text) = value else {
                self.doubts.note("\(name.rawValue) has \(value.words)")
                continue
            }
            if lines.count < limit { lines.append(text.printable) }
        }
        return lines
    }

    /// Reads how many round trips took how long, or null for none.
    ///
    /// - Throws: ``JSONReader/Failure``.
    mutating func roundTrips(
        _ name: some RawRepresentable<String>
    ) throws(JSONReader.Failure) -> RoundTrips? {
        guard self.json.isAtArray() else {
            let value = try self.json.value()
            if case .null = value { return nil }
            self.doubts.note("\(name.rawValue) is \(value.words)")
            return nil
        }
        var counts: [Int64] = []
        try self.json.beginArray()
        while try self.json.nextElement() {
            let value = try self.json.value()
            // One more than there can be is remembered as wrong as any number more.
            if counts.count <= RoundTrips.bucketCount { counts.append(value.integer ?? -1) }
        }
        let roundTrips = RoundTrips(cumulative: counts)
        if roundTrips == nil { self.doubts.note("\(name.rawValue) has counts that cannot be") }
        return roundTrips
    }

    /// Enters an object whose keys are known; false when there is none, which is noted.
    ///
    /// - Throws: ``JSONReader/Failure``.
    mutating func beginObject(_ name: String) throws(JSONReader.Failure) -> Bool {
        guard self.json.isAtObject() else {
            let value = try self.json.value()
            self.doubts.note("\(name) is \(value.words)")
            return false
        }
        try self.json.beginObject()
        return true
    }

    /// Takes the next key that is known, passing others over; at the object's end notes those that are missing.
    ///
    /// - Throws: ``JSONReader/Failure``, for a key that was there before too.
    mutating func nextKey<Key: ReportKey>(_ seen: inout Set<Key>) throws(JSONReader.Failure) -> Key? {
        while let text = try self.json.nextKey() {
            guard let key = Key(rawValue: text) else {
                _ = try self.json.value()
                continue
            }
            guard seen.insert(key).inserted else { throw self.json.failure("\(key.rawValue) once") }
            return key
        }
        for key in Key.allCases where key.isRequired && !seen.contains(key) {
            self.doubts.note("\(key.rawValue) is missing")
        }
        return nil
    }
}

/// The keys of one of a report's objects.
protocol ReportKey: RawRepresentable<String>, CaseIterable, Hashable {
    /// Whether it must be there; others may be left out for null.
    var isRequired: Bool { get }
}
