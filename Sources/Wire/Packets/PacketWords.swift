/// What a packet is in words, of which only the first octets may be known: a line for each header.
///
/// Strangers sent it, and a daemon says it: nothing is believed but what is there, and what cannot be ends the description.
public struct PacketWords: Sendable {
    /// A line for each header.
    public private(set) var lines: [String] = []

    /// How many headers are described.
    private static let mostLines = 12

    /// What is not described yet.
    private var rest: ArraySlice<UInt8>

    /// Whether the packet goes on behind what is known.
    private let isCut: Bool

    /// What may come next.
    private enum Layer {
        case internet
        case transport(UInt8)
        case ayiya
    }

    /// Describes a packet.
    ///
    /// - Parameters:
    ///   - octets: Its first octets.
    ///   - length: How many it has.
    public init(_ octets: [UInt8], length: Int) {
        self.rest = octets[...]
        self.isCut = length > octets.count
        var layer: Layer? = .internet
        while let next = layer, self.lines.count < Self.mostLines { layer = self.describe(next) }
    }

    private mutating func describe(_ layer: Layer) -> Layer? {
        switch layer {
        case .internet:
            switch self.rest.first.map({ $0 >> 4 }) {
            case 4: self.describeIPv4()
            case 6: self.describeIPv6()
            case let version?: self.end("neither IPv4 nor IPv6: the version is \(version)")
            case nil: self.end("an IP packet", lacking: 1)
            }
        case .transport(let number): self.describe(number)
        case .ayiya: self.describeAYIYA()
        }
    }

    /// Takes a header off; nil, and said so, when it is not all there.
    private mutating func take(_ count: Int, of name: String) -> [UInt8]? {
        guard self.rest.count >= count else {
            self.end(name, lacking: count - self.rest.count)
            return nil
        }
        defer { self.rest = self.rest.dropFirst(count) }
        return Array(self.rest.prefix(count))
    }

    /// Ends the description of what is too short.
    @discardableResult
    private mutating func end(_ name: String, lacking count: Int) -> Layer? {
        let reason =
            self.isCut ? "its other octets were not kept" : "it ends \(count) octets before its header does"
        return self.end("\(name): \(reason)")
    }

    private mutating func end(_ line: String) -> Layer? {
        self.lines.append(line)
        return nil
    }

    // MARK: - Internet

    private mutating func describeIPv4() -> Layer? {
        guard let header = self.take(20, of: "IPv4") else { return nil }
        let options = Int(header[0] & 0xf) * 4 - 20
        let (source, destination) = (Self.ipv4(header, 12), Self.ipv4(header, 16))
        let fragment = Int(Self.number(header, 6) & 0x1fff) * 8
        self.lines.append(
            "IPv4 \(source) > \(destination), \(Self.name(of: header[9])), TTL \(header[8]), "
                + "\(Self.number(header, 2)) octets"
                + (fragment > 0 ? ", a fragment from octet \(fragment) on" : "")
        )
        guard options >= 0 else { return self.end("its header is said to be \(options + 20) octets long") }
        guard fragment == 0, options == 0 || self.take(options, of: "IPv4 options") != nil else { return nil }
        return .transport(header[9])
    }

    private mutating func describeIPv6() -> Layer? {
        guard let header = self.take(40, of: "IPv6") else { return nil }
        self.lines.append(
            "IPv6 \(Self.ipv6(header, 8)) > \(Self.ipv6(header, 24)), \(Self.name(of: header[6])), "
                + "hop limit \(header[7]), \(40 + Int(Self.number(header, 4))) octets"
        )
        return .transport(header[6])
    }

    // MARK: - What it carries

    private mutating func describe(_ number: UInt8) -> Layer? {
        switch number {
        case ProtocolNumber.ipv4, ProtocolNumber.ipv6: .internet
        case ProtocolNumber.tcp: self.describeTCP()
        case ProtocolNumber.udp: self.describeUDP()
        case ProtocolNumber.icmpv4: self.describeICMP("ICMPv4", errors: [3, 4, 5, 11, 12])
        case ProtocolNumber.icmpv6: self.describeICMP("ICMPv6", errors: [1, 2, 3, 4])
        case ProtocolNumber.gre: self.describeGRE()
        case ProtocolNumber.hopByHopOptions, ProtocolNumber.routing, ProtocolNumber.destinationOptions:
            self.describeExtension(number)
        case ProtocolNumber.fragment: self.describeFragment()
        default: nil
        }
    }

    private mutating func describeExtension(_ number: UInt8) -> Layer? {
        let name = Self.name(of: number)
        guard let start = self.take(8, of: name) else { return nil }
        let more = Int(start[1]) * 8
        guard more == 0 || self.take(more, of: name) != nil else { return nil }
        self.lines.append("\(name), \(8 + more) octets, then \(Self.name(of: start[0]))")
        return .transport(start[0])
    }

    private mutating func describeFragment() -> Layer? {
        guard let header = self.take(8, of: "fragment header") else { return nil }
        let (offset, isLast) = (Int(Self.number(header, 2) & 0xfff8), header[3] & 1 == 0)
        self.lines.append(
            "fragment from octet \(offset) on\(isLast ? ", the last" : ""), of \(Self.name(of: header[0]))"
        )
        return offset == 0 ? .transport(header[0]) : nil
    }

    private mutating func describeTCP() -> Layer? {
        guard let header = self.take(20, of: "TCP") else { return nil }
        let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"]
        let flags = names.enumerated().filter { header[13] >> UInt8($0.offset) & 1 == 1 }.map(\.element)
        return self.end(
            "TCP port \(Self.number(header, 0)) to \(Self.number(header, 2)), "
                + (flags.isEmpty ? "no flags" : flags.joined(separator: " "))
        )
    }

    private mutating func describeUDP() -> Layer? {
        guard let header = self.take(8, of: "UDP") else { return nil }
        let ports = [Self.number(header, 0), Self.number(header, 2)]
        let isHeartbeat = ports.contains(Self.heartbeatPort)
        self.lines.append(
            "UDP port \(ports[0]) to \(ports[1]), \(Self.number(header, 4)) octets"
                + (isHeartbeat ? ", a heartbeat" : "")
        )
        return ports.contains(AYIYAPacket.port) ? .ayiya : nil
    }

    private static let heartbeatPort: UInt16 = 3740

    private mutating func describeAYIYA() -> Layer? {
        guard let header = self.take(8, of: "AYIYA") else { return nil }
        let identity = 1 << Int(header[0] >> 4)
        let signature = Int(header[1] >> 4) * 4
        guard let name = self.take(identity, of: "AYIYA identity"),
            signature == 0 || self.take(signature, of: "AYIYA signature") != nil
        else { return nil }
        let opcode = AYIYAOpcode(rawValue: header[2] & 0xf).map { "\($0)" } ?? "opcode \(header[2] & 0xf)"
        let who = identity == 16 ? "\(Self.ipv6(name, 0))" : "of \(identity) octets"
        self.lines.append("AYIYA \(opcode), identity \(who), signed at \(Self.time(header, 4))")
        return .transport(header[3])
    }

    private mutating func describeGRE() -> Layer? {
        guard let header = self.take(4, of: "GRE") else { return nil }
        let (flags, type) = (Self.number(header, 0), Self.number(header, 2))
        let name = type == 0x86dd ? "IPv6" : "protocol 0x\(String(type, radix: 16))"
        self.lines.append("GRE, \(flags == 0 ? "plain" : "flags 0x\(String(flags, radix: 16))"), of \(name)")
        return flags == 0 && type == 0x86dd ? .internet : nil
    }

    private mutating func describeICMP(_ name: String, errors: [UInt8]) -> Layer? {
        guard let header = self.take(8, of: name) else { return nil }
        let isError = errors.contains(header[0])
        let meaning = Self.meanings["\(name) \(header[0])"].map { " (\($0))" } ?? ""
        self.lines.append(
            "\(name) \(header[0])/\(header[1])\(meaning)\(isError ? ", about this packet:" : "")"
        )
        return isError ? .internet : nil
    }

    private static let meanings = [
        "ICMPv4 0": "echo reply", "ICMPv4 3": "destination unreachable", "ICMPv4 5": "redirect",
        "ICMPv4 8": "echo request", "ICMPv4 11": "time exceeded", "ICMPv4 12": "parameter problem",
        "ICMPv6 1": "destination unreachable", "ICMPv6 2": "packet too big", "ICMPv6 3": "time exceeded",
        "ICMPv6 4": "parameter problem", "ICMPv6 128": "echo request", "ICMPv6 129": "echo reply",
        "ICMPv6 133": "router solicitation", "ICMPv6 134": "router advertisement",
        "ICMPv6 135": "neighbour solicitation", "ICMPv6 136": "neighbour advertisement",
    ]
}

extension PacketWords {
    private static func number(_ octets: [UInt8], _ place: Int) -> UInt16 {
        UInt16(octets[place]) << 8 | UInt16(octets[place + 1])
    }

    private static func ipv4(_ octets: [UInt8], _ place: Int) -> IPv4Address {
        IPv4Address(octets[place], octets[place + 1], octets[place + 2], octets[place + 3])
    }

    private static func ipv6(_ octets: [UInt8], _ place: Int) -> IPv6Address {
        let halves = [place, place + 8].map { start in
            octets[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        return IPv6Address(high: halves[0], low: halves[1])
    }

    private static func time(_ octets: [UInt8], _ place: Int) -> String {
        let seconds = octets[place..<place + 4].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return UTCTime(Int64(seconds)).map { "\($0)" } ?? "\(seconds)"
    }

    private static func name(of number: UInt8) -> String {
        switch number {
        case ProtocolNumber.hopByHopOptions: "hop-by-hop options"
        case ProtocolNumber.icmpv4: "ICMPv4"
        case ProtocolNumber.ipv4: "IPv4 inside"
        case ProtocolNumber.tcp: "TCP"
        case ProtocolNumber.udp: "UDP"
        case ProtocolNumber.ipv6: "IPv6 inside"
        case ProtocolNumber.routing: "routing header"
        case ProtocolNumber.fragment: "fragment"
        case ProtocolNumber.gre: "GRE"
        case ProtocolNumber.icmpv6: "ICMPv6"
        case ProtocolNumber.noNextHeader: "nothing"
        case ProtocolNumber.destinationOptions: "destination options"
        default: "protocol \(number)"
        }
    }
}
