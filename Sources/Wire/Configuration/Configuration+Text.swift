extension Configuration {
    /// How passwords are written.
    public enum Passwords: Sendable {
        /// As they are: for files of mode 0600 and for what is pushed.
        case plain
        /// As the word `set`: for everything that people see.
        case hidden
    }

    /// The configuration as text, in one fixed order and layout, so that equal configurations give equal texts.
    ///
    /// Loads to an equal value. Settings that have their default are left out.
    public var canonicalText: String { self.text(passwords: .plain) }

    /// The configuration as text.
    public func text(passwords: Passwords) -> String {
        var text = ConfigurationText()
        text.menu("pop") { text in self.pop.write(to: &text) }
        text.menu("tunnel") { text in
            text.menu("set") { text in
                for tunnel in self.tunnels.sorted(by: { $0.tid < $1.tid }) {
                    text.line { line in
                        line.add("config ")
                        tunnel.write(to: &line, passwords)
                    }
                }
            }
        }
        text.menu("subnet") { text in
            text.menu("set") { text in
                for subnet in self.subnets.sorted(by: { $0.prefix < $1.prefix }) {
                    text.line { line in
                        line.add("config ")
                        subnet.write(to: &line)
                    }
                }
            }
        }
        return text.text
    }
}

/// Text in the making, indented by menu.
private struct ConfigurationText {
    private var octets: [UInt8] = []
    private var depth = 0

    var text: String { String(decoding: self.octets, as: UTF8.self) }

    mutating func add(_ text: String) {
        self.octets.append(contentsOf: text.utf8)
    }

    mutating func add(_ number: UInt32, radix: UInt32 = 10) {
        if number >= radix { self.add(number / radix, radix: radix) }
        let digit = UInt8(number % radix)
        self.octets.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }

    mutating func line(_ line: String) {
        self.line { $0.add(line) }
    }

    mutating func line(_ content: (inout ConfigurationText) -> Void) {
        for _ in 0..<self.depth { self.add("\t") }
        content(&self)
        self.add("\n")
    }

    mutating func menu(_ name: String, _ content: (inout ConfigurationText) -> Void) {
        self.line(name)
        self.depth += 1
        content(&self)
        self.depth -= 1
        self.line("end")
    }
}

extension PoPSettings {
    /// A line a setting, with the menus that lead to it.
    var lines: [String] {
        var text = ConfigurationText()
        self.write(to: &text)
        var menu = ""
        return text.text.split(separator: "\n").compactMap { line in
            let words = line.drop { $0 == "\t" }
            guard words.contains(" ") || words == "reset" else {
                menu = words == "end" ? "" : "\(words) "
                return nil
            }
            return words == "reset" ? nil : menu + words
        }
    }

    fileprivate func write(to text: inout ConfigurationText) {
        text.menu("set") { text in
            for pop in self.pops.sorted(by: { $0.id < $1.id }) {
                text.line("details \(pop.id) \(pop.name) \(pop.ipv4) \(pop.ipv6)")
            }
            if let id = self.id { text.line("id \(id)") }
            for line in self.optionLines { text.line(line) }
        }
        if let prefix = self.tunnelPrefix { text.line("tunnelprefix add \(prefix)") }
        for prefix in self.subnetPrefixes.sorted() { text.line("subnetprefix add \(prefix)") }
        text.menu("cliacl") { text in
            text.line("reset")
            for block in self.controlACL { text.line("add \(block)") }
        }
    }

    /// A line for each option that differs from its default.
    private var optionLines: [String] {
        let standard = PoPSettings()
        let rate = self.icmpRate
        let options: [(isDefault: Bool, line: String)] = [
            (self.beatTimeout == standard.beatTimeout, "beat-timeout \(self.beatTimeout)"),
            (
                rate == standard.icmpRate,
                "icmp-rate \(rate.tunnelPerSecond) \(rate.tunnelBurst) \(rate.popPerSecond)"
            ),
            (self.pathMTU == standard.pathMTU, "path-mtu \(self.pathMTU.rawValue)"),
            (!self.answersProtocolUnreachable, "protocol-unreachable on"),
            (!self.isVerbose, "verbosity on"),
            (!self.isDebugging, "debug on"),
        ]
        return options.filter { !$0.isDefault }.map(\.line)
    }
}

extension TunnelSettings {
    /// The arguments of the command that configures the tunnel.
    func line(passwords: Configuration.Passwords) -> String {
        var text = ConfigurationText()
        self.write(to: &text, passwords)
        return text.text
    }

    fileprivate func write(to text: inout ConfigurationText, _ passwords: Configuration.Passwords) {
        text.add(UInt32(self.tid.rawValue), radix: 16)
        text.add(" T")
        text.add(self.number.rawValue)
        text.add(" ")
        text.add(self.remote.description)
        text.add(" ")
        text.add(self.state.rawValue)
        text.add(" ")
        text.add(UInt32(clamping: self.mtu))
        guard let password = self.password else { return }
        text.add(password, passwords)
        guard let retired = self.retiredPassword else { return }
        text.add(retired.password, passwords)
        text.add(" until \(retired.expiry)")
    }
}

extension ConfigurationText {
    fileprivate mutating func add(_ password: TunnelPassword, _ passwords: Configuration.Passwords) {
        self.add(" ")
        switch passwords {
        case .plain: self.add(password.text)
        case .hidden: self.add(TunnelPassword.placeholder.text)
        }
    }
}

extension SubnetSettings {
    fileprivate func write(to text: inout ConfigurationText) {
        text.add(self.prefix.description)
        text.add(" ")
        text.add(UInt32(self.tid.rawValue), radix: 16)
        text.add(" static")
    }
}

extension RemoteEnd: CustomStringConvertible {
    /// The address, or the word for a dynamic end.
    public var description: String {
        switch self {
        case .fixed(let address): "\(address)"
        case .dynamic(let type): type.rawValue
        }
    }
}
