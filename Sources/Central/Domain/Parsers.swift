package import Wire

/// Parsers of what the registry holds, for whoever brings it; what they throw says what was expected.
package enum Parsers {
    package static func popName(_ text: String) throws -> PoPName { try PoPName(parsing: text) }
    package static func ipv4(_ text: String) throws -> IPv4Address {
        let address = try IPv4Address(parsing: text)
        try Self.requireHost(.ipv4(address), text)
        return address
    }

    package static func ipv6(_ text: String) throws -> IPv6Address {
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

    package static func prefix(_ text: String) throws -> IPv6Prefix { try IPv6Prefix(parsing: text) }

    /// A prefix that can be routed to a PoP.
    package static func routedPrefix(_ text: String) throws -> IPv6Prefix {
        let prefix = try IPv6Prefix(parsing: text)
        guard prefix.isRoutableUnicast else {
            throw SyntaxError(expected: "a prefix of unicast addresses that can be routed", found: text)
        }
        return prefix
    }

    package static func endpoint(_ text: String) throws -> Endpoint { try Endpoint(parsing: text) }
    package static func tunnel(_ text: String) throws -> TunnelNumber { try TunnelNumber(parsing: text) }
    package static func tid(_ text: String) throws -> TID { try TID(parsing: text) }

    package static func popID(_ text: String) throws -> Int { try Self.number(text, in: PoP.ids, "a PoP id") }
    package static func port(_ text: String) throws -> Int { try Self.number(text, in: 1...65535, "a port") }
    package static func handle(_ text: String) throws -> UserHandle { try UserHandle(parsing: text) }
    package static func pollInterval(_ text: String) throws -> Int {
        try Self.number(text, in: PoP.pollIntervals, "a poll interval in seconds")
    }
    package static func mtu(_ text: String) throws -> Int { try Self.number(text, in: PoP.mtus, "an MTU") }

    /// An address that a static tunnel can end at.
    package static func tunnelEnd(_ text: String) throws -> IPAddress {
        let address = try IPAddress(parsing: text)
        try Self.requireHost(address, text)
        return address
    }

    package static func tunnelType(_ text: String) throws -> TunnelType {
        guard let type = TunnelType(rawValue: text) else {
            throw SyntaxError(expected: "static, heartbeat or ayiya", found: text)
        }
        return type
    }

    package static func clientSystem(_ text: String) throws -> ClientSystem {
        guard let system = ClientSystem(rawValue: text) else {
            throw SyntaxError(expected: "a system such as debian-ifupdown or openwrt", found: text)
        }
        return system
    }

    package static func role(_ text: String) throws -> UserRole {
        guard let role = UserRole(rawValue: text) else {
            throw SyntaxError(expected: "user, operator or read-only", found: text)
        }
        return role
    }

    package static func prefixKind(_ text: String) throws -> PrefixKind {
        guard let kind = PrefixKind(rawValue: text) else {
            throw SyntaxError(expected: "tunnel or subnet", found: text)
        }
        return kind
    }

    package static func country(_ text: String) throws -> String {
        let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard text.utf8.count == 2, text.utf8.allSatisfy(capitals.contains) else {
            throw SyntaxError(expected: "two capital letters such as CH", found: text)
        }
        return text
    }

    package static func number(_ text: String, in range: ClosedRange<Int>, _ what: String) throws -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw SyntaxError(
                expected: "\(what) from \(range.lowerBound) to \(range.upperBound)",
                found: text
            )
        }
        return number
    }
}
