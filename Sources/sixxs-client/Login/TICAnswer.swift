import Wire

/// What a TIC server told of a tunnel.
struct TICAnswer: Hashable, Sendable {
    /// How the tunnel reaches its PoP.
    enum Kind: String, Hashable, Sendable {
        case ayiya
        case heartbeat = "6in4-heartbeat"
        case sixInFour = "6in4"
    }

    let tunnel: TunnelNumber
    let kind: Kind

    /// The PoP's name; for people.
    let pop: String

    /// The outer addresses of the PoP, the one of the tunnel first.
    let popAddresses: [IPAddress]

    /// The user's address inside the tunnel.
    let identity: IPv6Address

    /// In octets.
    let mtu: Int

    /// Nil for a tunnel without one.
    let password: TunnelPassword?

    /// In seconds.
    let beatInterval: Int

    /// The MTUs that a tunnel can have.
    private static let mtus = 1280...1480

    /// Understands the lines of `tunnel show`, whose keys come in any order, and those of `pop show`, which may be missing.
    ///
    /// - Throws: ``LoginFailure`` that names what cannot be understood, or that the tunnel is disabled.
    init(_ tunnelLines: [String], pop popLines: [String]) throws(LoginFailure) {
        let fields = TICFields(tunnelLines)
        self.tunnel = try fields.value("TunnelId") { try? TunnelNumber(parsing: $0) }
        for (key, whose) in [("AdminState", "the operators of the broker"), ("UserState", "its user")] {
            guard try fields.value(key, { $0 }) == "enabled" else {
                throw LoginFailure("\(self.tunnel) is disabled by \(whose)", .refused)
            }
        }
        self.kind = try fields.value("Type", Kind.init(rawValue:))
        self.pop = try fields.value("POP Id") { $0 }
        self.identity = try fields.value("IPv6 Endpoint") { text in
            let address = try? IPv6Address(parsing: text)
            return address.flatMap { IPAddress.ipv6($0).isReachableUnicast && $0.low == 2 ? $0 : nil }
        }
        self.mtu = try fields.value("Tunnel MTU") { Int($0).flatMap { Self.mtus.contains($0) ? $0 : nil } }
        self.beatInterval = try fields.value("Heartbeat_Interval") {
            Int($0).flatMap { (1...3600).contains($0) ? $0 : nil }
        }
        let isSecret = self.kind != .sixInFour
        self.password = try fields.value("Password") { text -> TunnelPassword?? in
            guard isSecret else { return .some(nil) }
            let password = TunnelPassword(text)
            return password.isConfigurable ? .some(password) : nil
        }
        let first = try fields.value("IPv4 POP") { try? IPAddress(parsing: $0) }
        let others = TICFields(popLines)
        let known = ["IPv4", "IPv6"].compactMap { key in
            others[key].flatMap { try? IPAddress(parsing: $0) }
        }
        // A tunnel that ends at a fixed address has its PoP's address of that family.
        let usable = [first] + (self.kind == .ayiya ? known : [])
        self.popAddresses = usable.reduce(into: []) { list, address in
            if !list.contains(address), address.namesOneHost || address.isLoopback { list.append(address) }
        }
        guard !self.popAddresses.isEmpty else {
            throw LoginFailure("the server's answer has an unusable \"IPv4 POP\"", .nonsense)
        }
    }
}

/// Lines of `Key: value`.
struct TICFields: Sendable {
    private let values: [String: String]

    init(_ lines: [String]) {
        var values: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            values[line[..<colon].lowercased()] = String(value)
        }
        self.values = values
    }

    subscript(_ key: String) -> String? { self.values[key.lowercased()] }

    /// A value that must be there.
    ///
    /// - Throws: ``LoginFailure`` when it is missing or cannot be understood.
    func value<Value>(_ key: String, _ read: (String) -> Value?) throws(LoginFailure) -> Value {
        guard let text = self[key], let value = read(text) else {
            throw LoginFailure("the server's answer has no usable \"\(key)\"", .nonsense)
        }
        return value
    }
}
