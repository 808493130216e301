/// A daemon's report as text, in which any number can be another.
package enum ReportText {
    /// One number of a report.
    package struct Number: Sendable, CustomStringConvertible {
        package let description: String

        /// As a daemon in good health says it.
        let usual: String

        /// What can be.
        let range: ClosedRange<Double>

        /// Whether it may be null or left out.
        let isOptional: Bool

        /// Whether it may have a fraction or an exponent.
        let isFraction: Bool

        /// Whether it is believed, going by the text alone.
        package func allows(_ text: String) -> Bool {
            // Of the error counters only those that are not 0 are there.
            if text.isEmpty {
                return self.isOptional || ["errors.", "mended."].contains(where: self.description.hasPrefix)
            }
            if text == "null" { return self.isOptional }
            guard let value = Double(text), value.isFinite else { return false }
            let isWhole = text.allSatisfy { $0.isWholeNumber || $0 == "-" }
            return self.range.contains(value) && (isWhole || self.isFraction)
        }
    }

    /// The centre's clock, in seconds since 1970.
    package static let now: Int64 = 1_800_000_000

    private static let century = 3_155_760_000.0

    private static func number(
        _ name: String,
        _ usual: String,
        _ range: ClosedRange<Double>,
        optional: Bool = false,
        fraction: Bool = false
    ) -> Number {
        Number(description: name, usual: usual, range: range, isOptional: optional, isFraction: fraction)
    }

    private static let counters = 0...0x1p60

    /// Every number of a report, by the path of its keys.
    package static let numbers: [Number] = [
        Self.number("uptime", "4242", 0...Self.century),
        Self.number("hostUptime", "99999", 0...Self.century),
        Self.number("time", "1800000000", Double(Self.now) - Self.century...Double(Self.now) + Self.century),
        Self.number("generation", "7", 0...2_147_483_647),
        Self.number("totals.online", "0", 0...2),
        Self.number("totals.active", "0", 0...2),
        Self.number("totals.configured", "2", 0...8192),
        Self.number("totals.rxPackets", "10", Self.counters),
        Self.number("totals.rxBytes", "1000", Self.counters),
        Self.number("totals.txPackets", "20", Self.counters),
        Self.number("totals.txBytes", "2000", Self.counters),
        Self.number("tunnel.mtu", "1428", 0...65535),
        Self.number("tunnel.inPackets", "20", Self.counters),
        Self.number("tunnel.inBytes", "2000", Self.counters),
        Self.number("tunnel.outPackets", "10", Self.counters),
        Self.number("tunnel.outBytes", "1000", Self.counters),
        Self.number("tunnel.lastIn", "1800000000", 0...2 * Self.century, optional: true),
        Self.number("tunnel.lastOut", "1800000000", 0...2 * Self.century, optional: true),
        Self.number("tunnel.lastBeat", "1800000000", 0...2 * Self.century, optional: true),
        Self.number("latency.sent", "3", Self.counters),
        Self.number("latency.received", "3", Self.counters),
        Self.number("latency.lossPercent", "0", 0...100, optional: true, fraction: true),
        Self.number("latency.minMs", "1.5", 0...3_600_000, optional: true, fraction: true),
        Self.number("latency.avgMs", "2.5", 0...3_600_000, optional: true, fraction: true),
        Self.number("latency.maxMs", "3.5", 0...3_600_000, optional: true, fraction: true),
        Self.number("errors.Clock Off", "3", Self.counters),
        Self.number("mended.route", "2", Self.counters),
    ]

    /// What stands in a number's place; empty where nothing does.
    package static let extremes = [
        "-9223372036854775808", "9223372036854775807", "18446744073709551615", "18446744073709551616",
        "9007199254740992",
        "9007199254740993", "1152921504606846976", "-1", "-0", "0", "1e308", "-1e308", "1e-308", "1e999",
        "0.5", "\"NaN\"",
        "\"5\"", "null", "", "true", "[]", "{}", String(repeating: "9", count: 5000),
    ]

    /// A report of `chtst01` with one tunnel.
    ///
    /// - Parameters:
    ///   - others: What stands in the place of a number, by its path.
    ///   - claim: Which PoP it says it is, as JSON.
    ///   - instance: 32 hexadecimal digits.
    ///   - faults: What is wrong in its kernel, as JSON.
    ///   - tunnel: Which tunnel it is of.
    /// - Returns: The report as JSON.
    package static func json(
        _ others: [String: String] = [:],
        claim: String = "{\"id\":1,\"name\":\"chtst01\"}",
        instance: String = String(repeating: "ab", count: 16),
        faults: String = "[]",
        tunnel: String = "T1"
    ) -> String {
        let totals = Self.members("totals.", others)
        let latency = Self.members("latency.", others)
        let errors = Self.members("errors.", others)
        let kernel = "{\"mended\":{\(Self.members("mended.", others))},\"faults\":\(faults)}"
        let row = [
            "\"tunnel\":\"\(tunnel)\"", "\"tid\":\"0\"", "\"state\":\"up\"", "\"type\":\"ayiya\"",
            "\"endpoint\":\"198.51.100.7:5072\"", "\"latency\":{\(latency)}", "\"errors\":{\(errors)}",
            Self.members("tunnel.", others),
        ]
        let members = [
            "\"instance\":\"\(instance)\"", "\"version\":\"0.1.0\"", "\"pop\":\(claim)",
            "\"digest\":\"\(String(repeating: "0f", count: 32))\"", "\"totals\":{\(totals)}",
            "\"kernel\":\(kernel)",
            "\"tunnels\":[{\(row.filter { !$0.isEmpty }.joined(separator: ","))}]", Self.members("", others),
        ]
        return "{\(members.filter { !$0.isEmpty }.joined(separator: ","))}"
    }

    private static func members(_ path: String, _ others: [String: String]) -> String {
        let own = Self.numbers.filter { number in
            path.isEmpty ? !number.description.contains(".") : number.description.hasPrefix(path)
        }
        return own.compactMap { number in
            let value = others[number.description] ?? number.usual
            let key = number.description.dropFirst(path.count)
            return value.isEmpty ? nil : "\"\(key)\":\(value)"
        }.joined(separator: ",")
    }
}
