/// Name and password as the header `Authorization` has them (RFC 7617).
public struct BasicCredentials: Hashable, Sendable {
    /// What stands before the first colon.
    public let user: String

    /// What stands behind it.
    public let password: String

    /// Octets of a header that are read; names and passwords of ours are far shorter.
    private static let longest = 1024

    /// Reads `Basic <base64>`; nil for another scheme, or for what is no name and password in UTF-8.
    public init?(parsing header: String) {
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "basic", header.utf8.count <= Self.longest,
            let octets = Self.decode(words[1].utf8), let colon = octets.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: octets[..<colon], as: UTF8.self),
            let password = String(validating: octets[(colon + 1)...], as: UTF8.self)
        else { return nil }
        self.user = user
        self.password = password
    }

    /// Decodes base64 (RFC 4648 §4); what fills up the end may be missing.
    private static func decode(_ text: Substring.UTF8View) -> [UInt8]? {
        let digits = text.reversed().drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "=") }.reversed()
        guard digits.count % 4 != 1 else { return nil }
        var octets: [UInt8] = []
        var (bits, count) = (UInt32(0), 0)
        for digit in digits {
            guard let value = Self.value(of: digit) else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                octets.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                bits &= (1 << UInt32(count)) - 1
            }
        }
        return octets
    }

    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

extension HTTPHeaderText {
    /// How many addresses of `X-Forwarded-For` are looked at.
    private static let mostForwarded = 32

    /// Finds who asks in `X-Forwarded-For`: the rightmost address that is none of a proxy of ours.
    ///
    /// What stands before that, anybody may have written.
    ///
    /// - Parameters:
    ///   - headers: The values of all headers of that name, in their order.
    ///   - proxies: Our own proxies.
    /// - Returns: The address, or nil when there is none, or something else in its place.
    public static func forwardedClient(in headers: [String], proxies: Set<IPAddress>) -> IPAddress? {
        let list = headers.joined(separator: ",")
        for text in list.split(separator: ",", omittingEmptySubsequences: false).reversed().prefix(
            Self.mostForwarded
        ) {
            let text = text.withoutOuterBlanks
            guard let address = (try? IPAddress(parsing: text)) ?? (try? Endpoint(parsing: text))?.address
            else { return nil }
            if !proxies.contains(address.unmapped) { return address.unmapped }
        }
        return nil
    }
}
