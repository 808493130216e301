package import Wire

/// Where a server listens.
package enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    case tcp(Endpoint)
    case unixSocket(path: String)

    /// Reads `127.0.0.1:8080`, `[::1]:8080`, `8080`, which is the host itself alone, or `unix:/run/x.socket`.
    ///
    /// - Throws: `SyntaxError` when the text is none of them.
    package init(parsing text: String) throws(SyntaxError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard path.hasPrefix("/"), !path.utf8.contains(0) else {
                throw SyntaxError(expected: "unix: and an absolute path", found: text)
            }
            self = .unixSocket(path: path)
        } else if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            self = .tcp(try Self.endpoint("127.0.0.1:\(text)", found: text))
        } else {
            self = .tcp(try Self.endpoint(text, found: text))
        }
    }

    private static func endpoint(_ text: String, found: String) throws(SyntaxError) -> Endpoint {
        do { return try Endpoint(parsing: text) } catch {
            throw SyntaxError(expected: "a port, ADDRESS:PORT, [IPV6]:PORT or unix:PATH", found: found)
        }
    }

    /// Whether nobody comes in from outside the host.
    package var isLocal: Bool {
        switch self {
        case .unixSocket: true
        case .tcp(let endpoint): endpoint.address.isLoopback
        }
    }

    package var description: String {
        switch self {
        case .tcp(let endpoint): "\(endpoint)"
        case .unixSocket(let path): "unix:\(path)"
        }
    }
}
