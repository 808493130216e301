internal import Central
internal import Wire

extension ClientAccess {
    /// The lines that answer a question of a client that has logged in.
    func answer(to command: TICCommand) -> [String] {
        switch command {
        case .tunnelList:
            return Self.list("Listing tunnels", self.tunnels.map(\.line))
        case .popList:
            return Self.list("Listing PoPs", self.pops.map { "\($0.name)" })
        case .tunnelShow(let name):
            guard let number = try? TunnelNumber(parsing: name),
                let tunnel = self.tunnels.first(where: { $0.number == number })
            else { return ["404 No such tunnel"] }
            return Self.list("Showing tunnel \(number)", tunnel.fields.map { "\($0.key): \($0.value)" })
        case .popShow(let name):
            guard let pop = self.pops.first(where: { "\($0.name)" == name }) else {
                return ["404 No such PoP"]
            }
            return Self.list("Showing PoP \(pop.name)", pop.fields.map { "\($0.key): \($0.value)" })
        default: return ["400 Unknown command"]
        }
    }

    /// A list begins with 201 and ends with 202, or AICCU does not take it for one.
    private static func list(_ title: String, _ lines: [String]) -> [String] {
        ["\(TICReply.listBegins) \(title)"] + lines + ["\(TICReply.listEnds) End of the list"]
    }
}

extension ClientTunnel {
    /// Where the user's end is outside, or how that is found out.
    private var outerUser: String {
        switch self.end {
        case .fixed(let address): "\(address)"
        case .heartbeat: "heartbeat"
        case .ayiya: "ayiya"
        }
    }

    /// A row of `tunnel list`: four words with single blanks between.
    fileprivate var line: String { "\(self.number) \(self.userAddress) \(self.outerUser) \(self.pop)" }

    private var type: String {
        switch self.end {
        case .fixed: "6in4"
        case .heartbeat: "6in4-heartbeat"
        case .ayiya: "ayiya"
        }
    }

    /// All that `tunnel show` tells: AICCU crashes where one is missing, and matches beginnings.
    fileprivate var fields: KeyValuePairs<String, String> {
        [
            "TunnelId": "\(self.number)",
            "Type": self.type,
            "IPv6 Endpoint": "\(self.userAddress)",
            "IPv6 POP": "\(self.popAddress)",
            "IPv6 PrefixLength": "64",
            "Tunnel MTU": "\(self.mtu)",
            "Tunnel Name": "\(self.number)",
            "POP Id": "\(self.pop)",
            "IPv4 Endpoint": self.outerUser,
            "IPv4 POP": "\(self.outerPoP)",
            "UserState": self.isUserEnabled ? "enabled" : "disabled",
            "AdminState": self.isEnabled ? "enabled" : "disabled",
            "Password": self.end.password?.text ?? "none",
            "Heartbeat_Interval": "60",
        ]
    }
}

extension PoP {
    /// All that `pop show` tells; what the registry does not know is a dash, since AICCU needs a value.
    fileprivate var fields: KeyValuePairs<String, String> {
        [
            "POPId": "\(self.name)",
            "City": self.city.isEmpty ? "-" : self.city,
            "Country": self.country.isEmpty ? "-" : self.country,
            "IPv4": "\(self.ipv4)",
            "IPv6": "\(self.ipv6)",
            "ISP Short": "-",
            "ISP Name": "-",
            "ISP Website": "-",
            "ISP ASN": "-",
            "ISP LIR": "-",
        ]
    }
}
