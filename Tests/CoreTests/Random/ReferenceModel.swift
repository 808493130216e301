import Wire

/// A forwarding decision made slowly, out of the words of the specification: addresses are texts of 32 hexadecimal
/// digits, prefixes are beginnings of such texts, and everything is looked for from the first to the last.
///
/// It shares nothing with Core. daemon.md sections 1 and 3.
struct ReferenceModel {
    enum State: Hashable { case disabled, down, up }

    struct Tunnel {
        /// Four hexadecimal digits.
        let number: String
        var state: State
        let mtu: Int
    }

    struct Packet {
        let source: String
        let destination: String
        let hopLimit: Int
        let size: Int
        /// The tunnel it comes from, four digits; nil for the uplink.
        let ingress: String?
    }

    enum Decision: Hashable {
        case intoTunnel(String)
        case toUplink
        case toUs
        /// An ICMPv6 error from this address.
        case error(type: Int, code: Int, parameter: Int, from: String)
        case dropped(String)
    }

    /// 12 digits.
    let tunnelPrefix: String
    /// 10 or 12 digits each.
    let subnetPrefixes: [String]
    var tunnels: [Tunnel]
    /// 12 or 14 digits, and the number of the owner.
    let subnets: [(prefix: String, owner: String)]

    private static let us = "0000000000000001"
    private static let them = "0000000000000002"

    func decide(_ packet: Packet) -> Decision {
        if let refusal = self.refusal(ofSource: packet) { return refusal }
        if packet.destination.hasPrefix(self.tunnelPrefix) { return self.decideInTunnelPrefix(packet) }
        for prefix in self.subnetPrefixes where packet.destination.hasPrefix(prefix) {
            for subnet in self.subnets where packet.destination.hasPrefix(subnet.prefix) {
                return self.into(subnet.owner, packet)
            }
            return self.error(1, 3, packet, about: nil)
        }
        return self.decideExternal(packet)
    }

    // MARK: - Source

    private func refusal(ofSource packet: Packet) -> Decision? {
        let source = packet.source
        if Self.isMulticast(source) || Self.isIPv4InDisguise(source) { return .dropped("impossibleSource") }
        if Self.isLinkLocal(source) {
            guard let tunnel = packet.ingress, self.isSpokenTo(packet.destination, on: tunnel) else {
                return .dropped("impossibleSource")
            }
            return nil
        }
        guard let tunnel = packet.ingress else {
            return self.isInOurPrefixes(source) ? .dropped("ownSourceFromUplink") : nil
        }
        return self.refusal(ofSource: source, from: tunnel, packet)
    }

    /// BCP 38.
    private func refusal(ofSource source: String, from tunnel: String, _ packet: Packet) -> Decision? {
        let network = self.tunnelPrefix + tunnel
        if source == network + Self.them { return nil }
        if source == network + Self.us { return .dropped("spoofedSource") }
        if source.hasPrefix(network) { return self.error(1, 5, packet, about: tunnel) }
        if source.hasPrefix(self.tunnelPrefix + Self.defaultNumber(of: tunnel)) { return nil }
        for subnet in self.subnets where source.hasPrefix(subnet.prefix) && subnet.owner == tunnel {
            return nil
        }
        return .dropped("spoofedSource")
    }

    /// Whether this is one of our addresses that neighbour discovery on a tunnel speaks to.
    private func isSpokenTo(_ destination: String, on tunnel: String) -> Bool {
        let local = self.tunnelPrefix + tunnel + Self.us
        let linkLocal = "fe800000000000000000" + "0000" + tunnel + "0001"
        for address in [local, linkLocal] {
            if destination == address { return true }
            if destination == "ff0200000000000000000001ff" + address.suffix(6) { return true }
        }
        return false
    }

    // MARK: - Destination

    private func decideInTunnelPrefix(_ packet: Packet) -> Decision {
        let number = String(packet.destination.dropFirst(12).prefix(4))
        let interface = String(packet.destination.suffix(16))
        if number == "ffff" && interface == Self.us { return .toUs }
        for (shown, hidden) in [("8", "0"), ("9", "1")] where number.hasPrefix(shown) {
            return self.into(hidden + number.dropFirst(), packet)
        }
        guard number.hasPrefix("0") || number.hasPrefix("1") else {
            return self.error(1, 3, packet, about: nil)
        }
        if interface == Self.them { return self.into(number, packet) }
        if let error = self.stateError(of: number, packet) { return error }
        return interface == Self.us ? .toUs : self.error(1, 0, packet, about: number)
    }

    private func into(_ number: String, _ packet: Packet) -> Decision {
        if packet.ingress == number { return .dropped("sameIngressAndEgress") }
        if let error = self.stateError(of: number, packet) { return error }
        for tunnel in self.tunnels where tunnel.number == number && packet.size > tunnel.mtu {
            return self.error(2, 0, packet, about: number, parameter: tunnel.mtu)
        }
        if packet.hopLimit < 2 { return self.error(3, 0, packet, about: number) }
        return .intoTunnel(number)
    }

    private func stateError(of number: String, _ packet: Packet) -> Decision? {
        for tunnel in self.tunnels where tunnel.number == number {
            switch tunnel.state {
            case .up: return nil
            case .disabled: return self.error(1, 1, packet, about: number)
            case .down: return self.error(1, 0, packet, about: number)
            }
        }
        return self.error(1, 3, packet, about: number)
    }

    private func decideExternal(_ packet: Packet) -> Decision {
        guard let tunnel = packet.ingress else { return .dropped("impossibleDestination") }
        let destination = packet.destination
        if Self.isMulticast(destination) || Self.isLinkLocal(destination) {
            return self.isSpokenTo(destination, on: tunnel) ? .toUs : .dropped("impossibleDestination")
        }
        if Self.isIPv4InDisguise(destination) { return .dropped("impossibleDestination") }
        return packet.hopLimit < 2 ? self.error(3, 0, packet, about: tunnel) : .toUplink
    }

    /// From the incoming tunnel if there is one, else from the one it is about, else from the daemon.
    private func error(
        _ type: Int,
        _ code: Int,
        _ packet: Packet,
        about tunnel: String?,
        parameter: Int = 0
    ) -> Decision {
        let source = self.tunnelPrefix + (packet.ingress ?? tunnel ?? "ffff") + Self.us
        return .error(type: type, code: code, parameter: parameter, from: source)
    }

    // MARK: - Kinds of addresses

    private static func defaultNumber(of tunnel: String) -> String {
        (tunnel.hasPrefix("0") ? "8" : "9") + tunnel.dropFirst()
    }

    private func isInOurPrefixes(_ address: String) -> Bool {
        ([self.tunnelPrefix] + self.subnetPrefixes).contains { address.hasPrefix($0) }
    }

    private static func isMulticast(_ address: String) -> Bool { address.hasPrefix("ff") }

    private static func isLinkLocal(_ address: String) -> Bool {
        ["fe8", "fe9", "fea", "feb"].contains { address.hasPrefix($0) }
    }

    /// `::/96`, nobody and loopback among it, and `::ffff:0:0/96`.
    private static func isIPv4InDisguise(_ address: String) -> Bool {
        address.hasPrefix("000000000000000000000000") || address.hasPrefix("00000000000000000000ffff")
    }
}

extension IPv6Address {
    /// The address as 32 hexadecimal digits.
    var digits: String {
        [self.high, self.low].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
