import Wire

/// Where and as whom the client logs in.
struct TICAccount: Sendable {
    /// The port of TIC.
    static let usualPort: UInt16 = 3874

    let server: TICServerName

    /// The user's handle, or the handle, a slash and a tunnel's number.
    let user: String

    /// What the user and the server alone know.
    let secret: TunnelPassword

    /// The tunnel that is wanted; nil for the only one.
    let tunnel: TunnelNumber?

    /// Whether what is said is to be encrypted.
    let tls: TICEncryption
}

/// Whether a login is encrypted.
enum TICEncryption: String, CaseIterable, Sendable {
    /// Where the server can do it, whoever that is.
    case attempt = "try"
    /// Always, and the server must have a certificate that this host believes.
    case require
    case no
}

/// The host and the port of a TIC server.
struct TICServerName: Hashable, Sendable, CustomStringConvertible {
    let host: PoPHost
    let port: UInt16

    /// Reads `tic.example.net`, `tic.example.net:3874`, `192.0.2.1`, `[2001:db8::1]:3874` and the like.
    init?(_ text: String) {
        if let endpoint = try? Endpoint(parsing: text) {
            guard let host = PoPHost("\(endpoint.address)") else { return nil }
            (self.host, self.port) = (host, endpoint.port)
        } else if let host = PoPHost(text) {
            (self.host, self.port) = (host, TICAccount.usualPort)
        } else {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let host = PoPHost(String(parts[0])), let port = UInt16(parts[1]),
                port > 0
            else { return nil }
            (self.host, self.port) = (host, port)
        }
    }

    var description: String {
        guard self.port != TICAccount.usualPort else { return "\(self.host)" }
        guard case .address(.ipv6) = self.host else { return "\(self.host):\(self.port)" }
        return "[\(self.host)]:\(self.port)"
    }
}
