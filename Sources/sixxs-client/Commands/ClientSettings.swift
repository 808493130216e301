import Core
import LinuxIO
import Logging
import Wire

/// What the client is to do, whoever says so: the command line or a file.
struct ClientSettings: Sendable {
    /// How the tunnel reaches the PoP.
    enum TunnelType: String, CaseIterable, Sendable {
        case ayiya
        case heartbeat
        case sixInFour = "6in4"
    }

    /// Where the password is.
    enum PasswordSource: Sendable {
        case here(TunnelPassword)
        case file(String)
    }

    /// Where the running client says how the tunnel is.
    enum StatusSocket: Hashable, Sendable {
        /// Where `status` looks for it.
        case usual
        case at(String)
        case none
    }

    var type: TunnelType?
    var pop: PoPHost?
    var identity: IPv6Address?

    /// Where the rest is asked for; nil where it is set here.
    var tic: TICServerName?
    var ticUser: String?
    var ticTLS = TICEncryption.attempt
    var tunnel: TunnelNumber?
    var password: PasswordSource?
    var tun = "sixxs0"
    var mtu = TunnelProtocol.usualMTU
    var beatInterval = 60
    var local: IPAddress?
    var hasDefaultRoute = true
    var user: String?
    var offloads = Offloads.auto
    var statusSocket = StatusSocket.usual
    var logLevel = Logger.Level.info

    /// The path of the status socket; nil for none.
    var statusPath: String? {
        switch self.statusSocket {
        case .usual: Self.usualStatusPath(of: self.tun)
        case .at(let path): path
        case .none: nil
        }
    }

    /// Where the client of a device says how its tunnel is, unless it is told another place.
    static func usualStatusPath(of device: String) -> String { "/run/sixxs-client/\(device).sock" }

    /// Takes a value as a person wrote it.
    ///
    /// - Throws: ``SettingFailure``.
    mutating func set(_ key: SettingKey, to text: String) throws(SettingFailure) {
        switch key {
        case .type: self.type = try Self.choice(text)
        case .pop: self.pop = try Self.host(text)
        case .identity: self.identity = try Self.identity(text)
        case .tic: self.tic = try Self.server(text)
        case .ticUser: self.ticUser = try Self.handle(text)
        case .ticTLS: self.ticTLS = try Self.choice(text)
        case .tunnel: self.tunnel = try Self.tunnel(text)
        case .password: self.password = .here(try Self.password(text))
        case .passwordFile: self.password = .file(try Self.path(text))
        case .tun: self.tun = try Self.deviceName(text)
        case .mtu: self.mtu = try Self.number(text, TunnelSettings.mtus, "")
        case .beatInterval: self.beatInterval = try Self.number(text, 1...3600, " seconds")
        case .local: self.local = try Self.address(text)
        case .defaultRoute: self.hasDefaultRoute = try Self.isYes(text)
        case .user: self.user = try Self.path(text)
        case .offloads: self.offloads = try Self.choice(text)
        case .statusSocket: self.statusSocket = text == "none" ? .none : .at(try Self.path(text))
        case .logLevel: self.logLevel = try Self.choice(text)
        }
    }
}

// Values as people write them.
extension ClientSettings {
    private static func number(
        _ text: String,
        _ range: ClosedRange<Int>,
        _ unit: String
    ) throws(SettingFailure) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw SettingFailure(
                description: "expected \(range.lowerBound) to \(range.upperBound)\(unit), found \"\(text)\""
            )
        }
        return number
    }

    private static func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ text: String
    ) throws(SettingFailure) -> Choice {
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        let list = names.dropLast().joined(separator: ", ") + " or \(names.last ?? "")"
        let question = NearestWord.question(about: text, among: names)
        throw SettingFailure(description: "expected \(list), found \"\(text)\"\(question)")
    }

    private static func isYes(_ text: String) throws(SettingFailure) -> Bool {
        switch text {
        case "yes": true
        case "no": false
        default: throw SettingFailure(description: "expected yes or no, found \"\(text)\"")
        }
    }

    private static func host(_ text: String) throws(SettingFailure) -> PoPHost {
        if let host = PoPHost(text) { return host }
        let reason =
            (try? IPAddress(parsing: text)) == nil
            ? "expected an IPv4 or IPv6 address or the name of a host" : "no host can have this address"
        throw SettingFailure(description: "\(reason), found \"\(text)\"")
    }

    private static func server(_ text: String) throws(SettingFailure) -> TICServerName {
        if let server = TICServerName(text) { return server }
        throw SettingFailure(description: "expected HOST or HOST:PORT, found \"\(text)\"")
    }

    private static func handle(_ text: String) throws(SettingFailure) -> String {
        let isWord = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        guard isWord, (1...80).contains(text.utf8.count) else {
            throw SettingFailure(description: "expected a handle, or HANDLE/T5072, found \"\(text)\"")
        }
        return text
    }

    private static func tunnel(_ text: String) throws(SettingFailure) -> TunnelNumber {
        do throws(SyntaxError) { return try TunnelNumber(parsing: text) } catch {
            throw SettingFailure(description: error.description)
        }
    }

    private static func identity(_ text: String) throws(SettingFailure) -> IPv6Address {
        guard let address = try? IPv6Address(parsing: text), address.low == 2,
            IPAddress.ipv6(address).isReachableUnicast
        else {
            throw SettingFailure(
                description:
                    "expected your end of the tunnel's /64, an address that ends in ::2, found \"\(text)\""
            )
        }
        return address
    }

    private static func address(_ text: String) throws(SettingFailure) -> IPAddress {
        do throws(SyntaxError) { return try IPAddress(parsing: text) } catch {
            throw SettingFailure(description: error.description)
        }
    }

    private static func deviceName(_ text: String) throws(SettingFailure) -> String {
        let most = TUNDevice.maximumNameLength
        guard (1...most).contains(text.utf8.count), !text.contains("/") else {
            throw SettingFailure(description: "expected 1 to \(most) characters without /, found \"\(text)\"")
        }
        return text
    }

    private static func path(_ text: String) throws(SettingFailure) -> String {
        guard !text.isEmpty else { throw SettingFailure(description: "expected a value, found none") }
        return text
    }

    private static func password(_ text: String) throws(SettingFailure) -> TunnelPassword {
        let password = TunnelPassword(text)
        guard password.isConfigurable else {
            let most = TunnelPassword.lengths.upperBound
            throw SettingFailure(
                description: "expected the password itself, 1 to \(most) octets without blanks"
            )
        }
        return password
    }
}
