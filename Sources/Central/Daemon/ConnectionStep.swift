/// What a connection to a PoP was doing when something happened.
package enum ConnectionStep: Hashable, Sendable, CustomStringConvertible {
    case lookup
    /// To a host and a port.
    case connect(to: String)
    case keyExchange
    case authentication
    case channel
    case greeting

    /// A request to the daemon, by the words that begin it.
    case request(String)

    /// What the daemon was asked in this step, as a noun phrase for messages.
    var request: String {
        switch self {
        case .request(let words): "request \"\(words)\""
        default: "connection"
        }
    }

    /// A noun phrase for messages.
    package var description: String {
        switch self {
        case .lookup: "name lookup"
        case .connect(let address): "TCP connection to \(address)"
        case .keyExchange: "SSH key exchange"
        case .authentication: "SSH authentication"
        case .channel: "forwarded channel"
        case .greeting: "daemon's greeting"
        case .request(let words): "reply to \"\(words)\""
        }
    }
}
