/// What a connection to a PoP was doing when something happened.
enum ConnectionStep: Hashable, Sendable, CustomStringConvertible {
    case lookup
    case connect
    case keyExchange
    case authentication
    case channel
    case greeting

    /// A request to the daemon, by the words that begin it.
    case request(String)

    /// A noun phrase for messages.
    var description: String {
        switch self {
        case .lookup: "name lookup"
        case .connect: "TCP connection"
        case .keyExchange: "SSH key exchange"
        case .authentication: "SSH authentication"
        case .channel: "forwarded channel"
        case .greeting: "daemon's greeting"
        case .request(let words): "reply to \"\(words)\""
        }
    }
}

/// How long each step may take.
struct ConnectionDeadlines: Hashable, Sendable {
    var lookup: Duration = .seconds(5)
    var connect: Duration = .seconds(5)
    var keyExchange: Duration = .seconds(10)
    var authentication: Duration = .seconds(10)
    var channel: Duration = .seconds(10)
    var greeting: Duration = .seconds(10)

    /// For the whole of a request and its reply, a push of megabytes too.
    var request: Duration = .seconds(30)

    func limit(of step: ConnectionStep) -> Duration {
        switch step {
        case .lookup: self.lookup
        case .connect: self.connect
        case .keyExchange: self.keyExchange
        case .authentication: self.authentication
        case .channel: self.channel
        case .greeting: self.greeting
        case .request: self.request
        }
    }
}
