import LinuxIO
import Wire

/// Where the control port listens over TCP, as `--control` says.
enum ControlDoor: Hashable, Sendable, CustomStringConvertible {
    case at(Endpoint)
    /// Nowhere: there is the UNIX socket alone.
    case none

    /// Reads `127.0.0.1:42003` or `none`.
    ///
    /// - Throws: ``Wire/SyntaxError`` when the text is neither.
    init(parsing text: String) throws(SyntaxError) {
        self = text == "none" ? .none : .at(try Endpoint(parsing: text))
    }

    var endpoint: Endpoint? {
        guard case .at(let endpoint) = self else { return nil }
        return endpoint
    }

    /// By which address the host itself comes in; nil where it doesn't come in by loopback.
    var loopback: IPAddress? {
        guard case .at(let endpoint) = self else { return nil }
        let ipv4 = IPAddress.ipv4(IPv4Address(127, 0, 0, 1))
        switch endpoint.address.unmapped {
        case .ipv4(let address): return address.isLoopback || address.value == 0 ? ipv4 : nil
        case .ipv6(.unspecified): return ipv4
        case .ipv6(let address): return address.isLoopback ? .ipv6(address) : nil
        }
    }

    var description: String {
        switch self {
        case .at(let endpoint): "\(endpoint)"
        case .none: "none"
        }
    }
}
