/// A command that changes the configuration, as a line of the file or of a control session gives it.
public enum ConfigurationCommand: Hashable, Sendable {
    case setID(Int)
    case setDetails(PoPDetails)
    case setBeatTimeout(Int)
    case setICMPRate(ICMPRate)
    case setPathMTU(PathMTUMode)
    case setProtocolUnreachable(Bool)
    case setVerbosity(Bool)
    case setDebug(Bool)
    case addTunnelPrefix(IPv6Prefix)
    case addSubnetPrefix(IPv6Prefix)
    case addToACL(AddressBlock)
    case removeFromACL(AddressBlock)
    case resetACL
    case setTunnel(TunnelSettings)
    case setSubnet(SubnetSettings)
    /// Historic files end with it; in a file it asks for nothing.
    case saveConfiguration

    /// Reads the arguments of a command; nil when the command is not one that changes the configuration.
    ///
    /// - Parameters:
    ///   - path: The command's full path, such as `pop set id`.
    ///   - words: The arguments; all are taken.
    /// - Throws: ``Words/Failure`` with the first word that is wrong.
    public init?(_ path: String, _ words: inout Words) throws(Words.Failure) {
        switch path {
        // The thousands of lines first.
        case "tunnel set config": self = .setTunnel(try TunnelSettings(&words))
        case "subnet set config": self = .setSubnet(try SubnetSettings(&words))
        case "pop set id": self = .setID(try words.nextNumber("a PoP id", in: PoPDetails.ids))
        case "pop set details": self = .setDetails(try PoPDetails(&words))
        case "pop set beat-timeout": self = .setBeatTimeout(try words.nextNumber("seconds", in: 1...86_400))
        case "pop set icmp-rate": self = .setICMPRate(try ICMPRate(&words))
        case "pop set path-mtu":
            self = .setPathMTU(try words.nextKeyword(of: ["dynamic": .dynamic, "static": .static]))
        case "pop set protocol-unreachable": self = .setProtocolUnreachable(try Self.onOrOff(&words))
        case "pop set verbosity": self = .setVerbosity(try Self.onOrOff(&words))
        case "pop set debug": self = .setDebug(try Self.onOrOff(&words))
        case "pop tunnelprefix add": self = .addTunnelPrefix(try Self.prefix(&words, lengths: [48]))
        case "pop subnetprefix add": self = .addSubnetPrefix(try Self.prefix(&words, lengths: [40, 48]))
        case "pop cliacl add": self = .addToACL(try Self.block(&words))
        case "pop cliacl remove": self = .removeFromACL(try Self.block(&words))
        case "pop cliacl reset": self = .resetACL
        case "pop saveconfig": self = .saveConfiguration
        default: return nil
        }
        try words.end()
    }

    private static func onOrOff(_ words: inout Words) throws(Words.Failure) -> Bool {
        try words.nextKeyword(of: ["on": true, "off": false])
    }

    private static func block(_ words: inout Words) throws(Words.Failure) -> AddressBlock {
        try words.next(expecting: "an address or a block") { text throws(SyntaxError) in
            try AddressBlock(parsing: text)
        }
    }

    fileprivate static func prefix(_ words: inout Words, lengths: [Int]) throws(Words.Failure) -> IPv6Prefix {
        func expected() -> String {
            "a prefix of length " + lengths.map(String.init).joined(separator: " or ")
        }
        return try words.next(expecting: expected()) { text throws(SyntaxError) in
            let prefix = try IPv6Prefix(parsing: text)
            return lengths.contains(prefix.length) ? prefix : nil
        }
    }
}

extension PoPDetails {
    fileprivate init(_ words: inout Words) throws(Words.Failure) {
        let id = try words.nextNumber("a PoP id", in: Self.ids)
        let name = try words.next(expecting: "a PoP name of letters, digits and hyphens") { text in
            Self.isName(text) ? text.lowercased() : nil
        }
        let ipv4 = try words.next(expecting: "an IPv4 address") { text throws(SyntaxError) in
            try IPv4Address(parsing: text)
        }
        let ipv6 = try words.next(expecting: "an IPv6 address") { text throws(SyntaxError) in
            try IPv6Address(parsing: text)
        }
        self.init(id: id, name: name, ipv4: ipv4, ipv6: ipv6)
    }

    /// Whether a text can be a PoP's name: 1 to 63 letters, digits and hyphens.
    public static func isName(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { octet in
                switch octet {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

extension ICMPRate {
    fileprivate init(_ words: inout Words) throws(Words.Failure) {
        let limits = 0...1_000_000
        self.init(
            tunnelPerSecond: try words.nextNumber("errors a second about a tunnel", in: limits),
            tunnelBurst: try words.nextNumber("errors in a burst about a tunnel", in: limits),
            popPerSecond: try words.nextNumber("errors a second in all", in: limits)
        )
    }
}

extension TunnelSettings {
    fileprivate init(_ words: inout Words) throws(Words.Failure) {
        let tid = try Self.tid(&words)
        let number = try words.read(expecting: "a tunnel number such as T5072") { word in
            TunnelNumber(octets: word.octets)
        }
        let remote = try RemoteEnd(&words)
        let state = try words.nextKeyword(of: ["up": AdministrativeState.up, "disabled": .disabled])
        words.disclose(.numbers)
        let mtu = try words.nextNumber("an MTU", in: Self.mtus)
        words.disclose(.nothing)
        self.init(tid: tid, number: number, remote: remote, state: state, mtu: mtu)
        if words.isAtEnd, case .fixed = remote { return }
        self.password = try Self.password(&words)
        guard !words.isAtEnd else { return }
        self.retiredPassword = try RetiredPassword(&words)
    }

    static func tid(_ words: inout Words) throws(Words.Failure) -> TID {
        try words.read(expecting: "a tid, hexadecimal, 0 to 1fff") { TID(octets: $0.octets) }
    }

    fileprivate static func password(_ words: inout Words) throws(Words.Failure) -> TunnelPassword {
        let lengths = TunnelPassword.lengths
        // A password is a secret even when it is wrong: it is not repeated.
        words.disclose(.nothing)
        if let word = words.peek, TunnelPassword(octets: word.octets) == TunnelPassword.placeholder {
            let found = "\"\(TunnelPassword.placeholder.text)\", which stands where a password is not shown"
            throw Words.Failure(column: word.column, expected: "the password itself", found: found)
        }
        return try words.read(
            expecting: "a password of \(lengths.lowerBound) to \(lengths.upperBound) octets"
        ) { word in
            let password = TunnelPassword(octets: word.octets)
            return password.isConfigurable ? password : nil
        }
    }
}

extension RetiredPassword {
    /// Reads `<password> until <time>`.
    fileprivate init(_ words: inout Words) throws(Words.Failure) {
        let password = try TunnelSettings.password(&words)
        try words.nextKeyword(of: ["until": ()])
        self.init(password, until: try words.nextTime())
    }
}

extension RemoteEnd {
    fileprivate init(_ words: inout Words) throws(Words.Failure) {
        let expected = "the address of the remote end, or ayiya, heartbeat or dynamic"
        self = try words.read(expecting: expected) { word in
            if let type = DynamicType.allCases.first(where: { word.isKeyword($0.rawValue) }) {
                return .dynamic(type)
            }
            guard let address = IPAddress(octets: word.octets), address.isReachableUnicast else { return nil }
            return .fixed(address)
        }
    }
}

extension SubnetSettings {
    fileprivate init(_ words: inout Words) throws(Words.Failure) {
        let prefix = try ConfigurationCommand.prefix(&words, lengths: [48, 56])
        let tid = try TunnelSettings.tid(&words)
        try words.nextKeyword(of: ["static": ()])
        self.init(prefix: prefix, tid: tid)
    }
}
