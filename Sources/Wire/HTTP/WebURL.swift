/// Where people find the centre's pages: what links begin with that leave the house.
///
/// Never taken from a request, whose sender could put anything there.
public struct WebURL: Hashable, Sendable, CustomStringConvertible {
    /// `https://tunnels.example.net`, without a slash at its end.
    public let description: String

    /// The host's name, with its port where that is not the usual one.
    public var host: String { String(self.description.dropFirst(self.isSecure ? 8 : 7)) }

    /// Whether browsers speak TLS with it.
    public var isSecure: Bool { self.description.hasPrefix("https://") }

    /// Reads `https://HOST`, perhaps with a port and a slash.
    ///
    /// - Throws: `SyntaxError` for anything else, such as a path, a query or a user.
    public init(parsing text: String) throws(SyntaxError) {
        let lowercased = text.lowercased()
        for scheme in ["https://", "http://"] where lowercased.hasPrefix(scheme) {
            var host = lowercased.dropFirst(scheme.count)
            if host.last == "/" { host = host.dropLast() }
            // A browser leaves the usual port out of what it calls the origin.
            let usual = scheme == "https://" ? ":443" : ":80"
            if host.hasSuffix(usual) { host = host.dropLast(usual.count) }
            guard HTTPHeaderText.isHost(String(host)) else { break }
            self.description = scheme + host
            return
        }
        throw SyntaxError(
            expected: "an address of a server such as https://tunnels.example.net",
            found: text.printable.shortened(to: 60)
        )
    }

    /// The address of a link that lets a user choose a password.
    public func link(_ token: String) -> String { "\(self.description)/welcome/\(token)" }
}
