internal import HTTP
internal import Wire

/// One line that dynamic-DNS clients know, and the status that they need with it.
enum UpdateReply: Hashable, Sendable {
    case good(IPv4Address)
    case nochg(IPv4Address)
    case badauth
    case nohost
    case notfqdn
    case badip
    case abuse

    /// Our fault, or too much for now: to be tried again after so many seconds.
    case later(Int)

    /// What metrics call it.
    var word: String {
        switch self {
        case .good: "good"
        case .nochg: "nochg"
        case .badauth: "badauth"
        case .nohost: "nohost"
        case .notfqdn: "notfqdn"
        case .badip: "badip"
        case .abuse: "abuse"
        case .later: "911"
        }
    }

    /// With 503 in the place of 200 clients come back; at 200 with `911` inadyn ends for good.
    var response: Response {
        switch self {
        case .good(let address), .nochg(let address): Self.response(.ok, "\(self.word) \(address)")
        case .badauth:
            Self.response(
                .unauthorized,
                self.word,
                [(name: "WWW-Authenticate", value: "Basic realm=\"endpoint update\", charset=\"UTF-8\"")]
            )
        case .later(let seconds):
            Self.response(.serviceUnavailable, self.word, [(name: "Retry-After", value: "\(seconds)")])
        default: Self.response(.ok, self.word)
        }
    }

    /// A line of plain text that nobody may keep.
    static func response(
        _ status: Status,
        _ line: String,
        _ headers: [(name: String, value: String)] = []
    ) -> Response {
        var response = Response(status, type: Response.plainText, "\(line)\n")
        response.headers += [(name: "Cache-Control", value: "no-store")] + headers
        return response
    }
}
