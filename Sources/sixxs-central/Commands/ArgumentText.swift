internal import Foundation
internal import Wire

/// Parsers of arguments; what they throw says what was expected.
enum ArgumentText {
    static func popName(_ text: String) throws -> PoPName { try PoPName(parsing: text) }
    static func ipv4(_ text: String) throws -> IPv4Address {
        let address = try IPv4Address(parsing: text)
        try Self.requireHost(.ipv4(address), text)
        return address
    }

    static func ipv6(_ text: String) throws -> IPv6Address {
        let address = try IPv6Address(parsing: text)
        try Self.requireHost(.ipv6(address), text)
        return address
    }

    private static func requireHost(_ address: IPAddress, _ text: String) throws {
        guard address.isReachableUnicast else {
            throw SyntaxError(
                expected: "the address of one host, not a loopback, multicast or reserved one",
                found: text
            )
        }
    }

    static func prefix(_ text: String) throws -> IPv6Prefix { try IPv6Prefix(parsing: text) }

    /// A prefix that can be routed to a PoP.
    static func routedPrefix(_ text: String) throws -> IPv6Prefix {
        let prefix = try IPv6Prefix(parsing: text)
        guard prefix.isRoutableUnicast else {
            throw SyntaxError(expected: "a prefix of unicast addresses that can be routed", found: text)
        }
        return prefix
    }

    static func endpoint(_ text: String) throws -> Endpoint { try Endpoint(parsing: text) }
    static func tunnel(_ text: String) throws -> TunnelNumber { try TunnelNumber(parsing: text) }
    static func tid(_ text: String) throws -> TID { try TID(parsing: text) }

    static func popID(_ text: String) throws -> Int { try Self.number(text, in: PoP.ids, "a PoP id") }
    static func port(_ text: String) throws -> Int { try Self.number(text, in: 1...65535, "a port") }
    static func handle(_ text: String) throws -> UserHandle { try UserHandle(parsing: text) }
    static func pollInterval(_ text: String) throws -> Int {
        try Self.number(text, in: PoP.pollIntervals, "a poll interval in seconds")
    }
    static func mtu(_ text: String) throws -> Int { try Self.number(text, in: PoP.mtus, "an MTU") }

    /// An address that a static tunnel can end at.
    static func tunnelEnd(_ text: String) throws -> IPAddress {
        let address = try IPAddress(parsing: text)
        try Self.requireHost(address, text)
        return address
    }

    static func tunnelType(_ text: String) throws -> TunnelType {
        guard let type = TunnelType(rawValue: text) else {
            throw SyntaxError(expected: "static, heartbeat or ayiya", found: text)
        }
        return type
    }

    static func wave(_ text: String) throws -> Wave {
        guard let wave = Wave(rawValue: text) else {
            throw SyntaxError(expected: "canary, share or all", found: text)
        }
        return wave
    }

    static func range(_ text: String) throws -> ThresholdRange { try ThresholdRange(parsing: text) }

    static func prefixKind(_ text: String) throws -> PrefixKind {
        guard let kind = PrefixKind(rawValue: text) else {
            throw SyntaxError(expected: "tunnel or subnet", found: text)
        }
        return kind
    }

    /// A time of the past: `90m`, `2h`, `3d`, `1w` ago, `2026-11-24` or `2026-11-24T22:56:28Z`.
    static func since(_ text: String) throws -> Date { try Self.since(text, now: Date()) }

    static func since(_ text: String, now: Date) throws -> Date {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400]
        if let unit = text.last.flatMap({ units[$0] }), let number = Int(text.dropLast()), number >= 0 {
            let time = now.addingTimeInterval(-Double(number) * unit)
            guard time.timeIntervalSince1970 >= 0 else {
                throw SyntaxError(expected: "a time since 1970", found: text)
            }
            return time
        }
        let second = text.utf8.count == 10 ? text + "T00:00:00Z" : text
        guard let time = UTCTime(iso8601: second) else {
            throw SyntaxError(
                expected: "a time such as 2h, 3d, 2026-11-24 or 2026-11-24T22:56:28Z",
                found: text
            )
        }
        return Date(timeIntervalSince1970: TimeInterval(time.seconds))
    }

    static func last(_ text: String) throws -> Int { try Self.number(text, in: 1...1_000_000, "a number") }

    /// A span of time, up to ten years.
    static func seconds(_ text: String) throws -> Int {
        try Self.number(text, in: 0...315_360_000, "a number of seconds")
    }

    static func tunnelCount(_ text: String) throws -> Int {
        try Self.number(text, in: 0...1_000_000, "a number of tunnels")
    }

    static func generation(_ text: String) throws -> Int {
        try Self.number(text, in: 1...Int(Int32.max), "a generation")
    }

    static func line(_ text: String) throws -> String { try FreeText.line(text) }

    /// A host's name, or empty for none.
    static func sshHost(_ text: String) throws -> String { text.isEmpty ? text : try FreeText.host(text) }
    static func word(_ text: String) throws -> String { try FreeText.word(text) }

    /// A path that means the same from every folder.
    static func path(_ text: String) throws -> String {
        URL(fileURLWithPath: try FreeText.path(text)).standardizedFileURL.path
    }

    static func country(_ text: String) throws -> String {
        let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard text.utf8.count == 2, text.utf8.allSatisfy(capitals.contains) else {
            throw SyntaxError(expected: "two capital letters such as CH", found: text)
        }
        return text
    }

    static func number(_ text: String, in range: ClosedRange<Int>, _ what: String) throws -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw SyntaxError(
                expected: "\(what) from \(range.lowerBound) to \(range.upperBound)",
                found: text
            )
        }
        return number
    }
}
