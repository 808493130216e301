/// Why the client does not know how to set up its tunnel.
struct LoginFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What another attempt can be expected to bring.
    enum Kind: Hashable, Sendable {
        /// The server could not be reached, or is busy: it may be reached later.
        case unreachable
        /// The server said no, which it will say again.
        case refused
        /// The server's answer cannot be understood.
        case nonsense
    }

    /// A clause for people; secrets are not repeated in it.
    let description: String
    let kind: Kind

    init(_ description: String, _ kind: Kind) {
        self.description = description
        self.kind = kind
    }
}
