/// Figures as Prometheus reads them: the text format 0.0.4.
///
/// A family is written once, with its HELP and its TYPE before its samples; whoever writes sees to it that no series comes
/// twice. No sample has a time: what is old says so in a figure of its own.
public struct Exposition: Sendable {
    /// What the header `Content-Type` says of it.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// What the samples of a family mean.
    public enum Kind: String, Sendable {
        /// Grows, and begins anew with its process.
        case counter
        /// Goes up and down.
        case gauge
        /// Counts by bounds.
        case histogram
        /// A sum and how many it is of.
        case summary
    }

    /// What tells the series of a family apart, written already.
    public struct Labels: Sendable, ExpressibleByDictionaryLiteral {
        fileprivate let octets: [UInt8]

        /// Writes labels in their order.
        public init(dictionaryLiteral elements: (StaticString, String)...) {
            var octets: [UInt8] = []
            for (name, value) in elements {
                if !octets.isEmpty { octets.append(UInt8(ascii: ",")) }
                octets.append(contentsOf: name.description.utf8)
                octets.append(contentsOf: "=\"".utf8)
                Exposition.escape(value, quotes: true, into: &octets)
                octets.append(UInt8(ascii: "\""))
            }
            self.octets = octets
        }
    }

    /// The text so far; its last line ends with a line feed.
    public private(set) var octets: [UInt8] = []

    private var names: Set<String> = []

    /// Creates an empty text.
    public init() {}

    /// Writes a family; one without samples is left out.
    ///
    /// - Parameters:
    ///   - name: Its name, in a unit that is said at its end; no other family has it.
    ///   - kind: What the samples mean.
    ///   - help: What they are, in a sentence.
    ///   - body: Writes the samples.
    public mutating func family(
        _ name: StaticString,
        _ kind: Kind,
        _ help: StaticString,
        _ body: (inout Samples) -> Void
    ) {
        let isNew = self.names.insert(name.description).inserted
        precondition(isNew, "\(name) is written twice")
        let before = self.octets.count
        self.append("# HELP \(name) ")
        Self.escape(help.description, quotes: false, into: &self.octets)
        self.append("\n# TYPE \(name) \(kind.rawValue)\n")
        // Moved there and back: nothing is copied.
        var samples = Samples(name: Array(name.description.utf8), octets: self.octets)
        self.octets = []
        let empty = samples.octets.count
        body(&samples)
        if samples.octets.count == empty { samples.octets.removeSubrange(before...) }
        self.octets = samples.octets
    }

    private mutating func append(_ text: String) { self.octets.append(contentsOf: text.utf8) }

    fileprivate static func escape(_ text: String, quotes: Bool, into octets: inout [UInt8]) {
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "\\"): octets.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): octets.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\"") where quotes: octets.append(contentsOf: "\\\"".utf8)
            default: octets.append(octet)
            }
        }
    }

    /// The samples of one family.
    public struct Samples: Sendable {
        fileprivate let name: [UInt8]
        fileprivate var octets: [UInt8]

        /// Writes a sample of a family that has one series.
        public mutating func add(_ value: some BinaryInteger) { self.add([:], value) }

        /// Writes a sample of a family that has one series.
        public mutating func add(_ value: Double) { self.add([:], value) }

        /// Writes a sample.
        public mutating func add(_ labels: Labels, _ value: some BinaryInteger) {
            self.line("", labels, "", "\(value)")
        }

        /// Writes a sample.
        public mutating func add(_ labels: Labels, _ value: Double) {
            self.line("", labels, "", Self.text(value))
        }

        /// Writes 1 or 0.
        public mutating func add(_ labels: Labels, _ value: Bool) { self.add(labels, value ? 1 : 0) }

        /// Writes a sum and how many it is of.
        public mutating func add(_ labels: Labels, sum: Double, count: UInt64) {
            self.line("_sum", labels, "", Self.text(sum))
            self.line("_count", labels, "", "\(count)")
        }

        /// Writes what was counted by bounds, in a family that has one series.
        public mutating func add(_ histogram: Histogram) { self.add([:], histogram) }

        /// Writes what was counted by bounds.
        public mutating func add(_ labels: Labels, _ histogram: Histogram) {
            var count: UInt64 = 0
            for (bound, more) in zip(histogram.bounds, histogram.counts) {
                count &+= more
                self.line("_bucket", labels, "le=\"\(Self.text(bound))\"", "\(count)")
            }
            self.line("_bucket", labels, "le=\"+Inf\"", "\(histogram.count)")
            self.add(labels, sum: histogram.sum, count: histogram.count)
        }

        /// The labels of the buckets of round trips, in seconds.
        private static let roundTripBounds = (0..<RoundTrips.bucketCount).map { bucket in
            let bound = RoundTrips.bound(of: bucket).map { Exposition.Samples.text(Double($0) / 1e6) }
            return Array("le=\"\(bound ?? "+Inf")\"} ".utf8)
        }

        /// Writes how many round trips took how long, of which a daemon may have thousands.
        ///
        /// - Parameters:
        ///   - labels: What tells the series apart; there is one at least.
        ///   - roundTrips: How many took how long.
        ///   - microseconds: The sum of all.
        public mutating func add(_ labels: Labels, _ roundTrips: RoundTrips, microseconds: UInt64) {
            let start = self.name + Array("_bucket{".utf8) + labels.octets + [UInt8(ascii: ",")]
            var count: UInt64 = 0
            for (bucket, bound) in Self.roundTripBounds.enumerated() {
                count += UInt64(roundTrips[bucket])
                self.octets.append(contentsOf: start)
                self.octets.append(contentsOf: bound)
                self.append(count)
                self.octets.append(UInt8(ascii: "\n"))
            }
            self.add(labels, sum: Double(microseconds) / 1e6, count: count)
        }

        private mutating func append(_ number: UInt64) {
            let start = self.octets.count
            var rest = number
            repeat {
                self.octets.append(UInt8(ascii: "0") + UInt8(rest % 10))
                rest /= 10
            } while rest > 0
            self.octets[start...].reverse()
        }

        private mutating func line(_ suffix: String, _ labels: Labels, _ label: String, _ value: String) {
            self.octets.append(contentsOf: self.name)
            self.octets.append(contentsOf: suffix.utf8)
            if !labels.octets.isEmpty || !label.isEmpty {
                self.octets.append(UInt8(ascii: "{"))
                self.octets.append(contentsOf: labels.octets)
                if !labels.octets.isEmpty, !label.isEmpty { self.octets.append(UInt8(ascii: ",")) }
                self.octets.append(contentsOf: label.utf8)
                self.octets.append(UInt8(ascii: "}"))
            }
            self.octets.append(UInt8(ascii: " "))
            self.octets.append(contentsOf: value.utf8)
            self.octets.append(UInt8(ascii: "\n"))
        }

        private static func text(_ value: Double) -> String {
            if value.isNaN { return "NaN" }
            return value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : "\(value)"
        }
    }
}
