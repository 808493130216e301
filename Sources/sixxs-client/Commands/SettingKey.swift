/// A setting of the client: an option of the command line, and a key of the configuration file by the same name.
enum SettingKey: String, CaseIterable, Sendable {
    case type
    case pop
    case identity
    case password
    case passwordFile = "password-file"
    case tic
    case ticUser = "tic-user"
    case ticTLS = "tic-tls"
    case tunnel
    case tun
    case mtu
    case beatInterval = "beat-interval"
    case local
    case defaultRoute = "default-route"
    case user
    case offloads
    case statusSocket = "status-socket"
    case logLevel = "log-level"
}

/// Why a value can't be that of a setting.
struct SettingFailure: Error, Hashable, CustomStringConvertible {
    /// A clause for people; secrets are not repeated in it.
    let description: String
}
