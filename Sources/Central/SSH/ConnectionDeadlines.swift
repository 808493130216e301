/// How long each step may take.
package struct ConnectionDeadlines: Hashable, Sendable {
    var lookup: Duration = .seconds(5)
    var connect: Duration = .seconds(5)
    var keyExchange: Duration = .seconds(10)
    var authentication: Duration = .seconds(10)
    var channel: Duration = .seconds(10)
    var greeting: Duration = .seconds(10)

    /// For the whole of a request and its reply, a push of megabytes too.
    package var request: Duration = .seconds(30)

    package func limit(of step: ConnectionStep) -> Duration {
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
