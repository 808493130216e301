package import Wire

/// An address, or a prefix, of which somebody wants to know whose it is.
package enum AddressQuery: Hashable, Sendable, CustomStringConvertible {
    case address(IPAddress)
    case prefix(IPv6Prefix)

    /// Parses either.
    ///
    /// - Throws: `SyntaxError`.
    package init(parsing text: String) throws(SyntaxError) {
        if let address = try? IPAddress(parsing: text) {
            self = .address(address)
        } else if text.contains("/") {
            self = .prefix(try IPv6Prefix(parsing: text))
        } else {
            throw SyntaxError(
                expected:
                    "an address such as 192.0.2.1 or 2001:db8::1, or an IPv6 prefix such as 2001:db8::/48",
                found: text
            )
        }
    }

    package var description: String {
        switch self {
        case .address(let address): "\(address)"
        case .prefix(let prefix): "\(prefix)"
        }
    }
}
