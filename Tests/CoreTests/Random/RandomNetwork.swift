import Core
import TestSupport
import Wire

/// A configuration that nobody chose, and the addresses worth sending to in it.
struct RandomNetwork {
    enum Kind: CaseIterable { case fixed4, fixed6, dynamic, disabledFixed, disabledDynamic }

    struct Tunnel {
        let number: UInt16
        let kind: Kind
        let mtu: Int
        let password: String
        /// Where a static tunnel's end is, and where a dynamic one's user sits at first.
        let remote: IPAddress

        var isDisabled: Bool { self.kind == .disabledFixed || self.kind == .disabledDynamic }
        var isDynamic: Bool { self.kind == .dynamic || self.kind == .disabledDynamic }

        var line: String {
            let number = String(self.number, radix: 16)
            let end = self.isDynamic ? "dynamic" : "\(self.remote)"
            let tail = self.isDynamic ? " \(self.password)" : ""
            let state = self.isDisabled ? "disabled" : "up"
            return "tunnel set config \(number) T\(Int(self.number) + 1) \(end) \(state) \(self.mtu)\(tail)\n"
        }
    }

    /// `2001:db8:<n>::`, of length 48 as is every other, or 40.
    struct SubnetPrefix {
        let high: UInt64
        let length: Int
    }

    let tunnelHigh: UInt64 = 0x2001_0db8_02ff_0000
    private(set) var tunnels: [Tunnel] = []
    private(set) var subnetPrefixes: [SubnetPrefix] = []
    private(set) var subnets: [(high: UInt64, length: Int, owner: UInt16)] = []

    init(using generator: inout SeededGenerator) {
        let numbers: [UInt16] = [0, 1, 2, 0xff, 0x100, 0x1000, 0x1ffe, 0x1fff].shuffled(using: &generator)
        for number in numbers.prefix(Int.random(in: 1...8, using: &generator)) {
            self.addTunnel(number, &generator)
        }
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            self.addTunnel(UInt16.random(in: 0...0x1fff, using: &generator), &generator)
        }
        for place in 0..<Int.random(in: 0...4, using: &generator) { self.addSubnetPrefix(place, &generator) }
    }

    private mutating func addTunnel(_ number: UInt16, _ generator: inout SeededGenerator) {
        guard !self.tunnels.contains(where: { $0.number == number }) else { return }
        let kind = Kind.allCases.randomElement(using: &generator) ?? .fixed4
        let remote =
            kind == .fixed6
            ? IPAddress.ipv6(IPv6Address(high: 0x2001_0db8_beef_0000, low: UInt64(number) + 1))
            : .ipv4(IPv4Address(198, 51, UInt8(number >> 8), UInt8(truncatingIfNeeded: number)))
        self.tunnels.append(
            Tunnel(
                number: number,
                kind: kind,
                mtu: Int.random(in: 1280...1480, using: &generator),
                password: "secret\(generator.next())",
                remote: remote
            )
        )
    }

    private mutating func addSubnetPrefix(_ place: Int, _ generator: inout SeededGenerator) {
        let length = Bool.random(using: &generator) ? 40 : 48
        let prefix = SubnetPrefix(high: 0x2001_0d00_0000_0000 | UInt64(place) << 24, length: length)
        self.subnetPrefixes.append(prefix)
        var places = Set([
            0, 255, Int.random(in: 0...255, using: &generator), Int.random(in: 0...255, using: &generator),
        ])
        if Bool.random(using: &generator) { places.remove(0) }
        for index in places.sorted() {
            guard let owner = self.tunnels.randomElement(using: &generator) else { return }
            self.subnets.append(
                (prefix.high | UInt64(index) << UInt64(56 - length), length + 8, owner.number)
            )
        }
    }

    /// What `sixxsd.conf` says of it.
    var text: String {
        var text = """
            pop set details 1 a 192.0.2.1 2001:db8:42::1
            pop set id 1
            pop set icmp-rate 1000000 1000000 1000000
            pop tunnelprefix add \(IPv6Address(high: self.tunnelHigh, low: 0))/48

            """
        for prefix in self.subnetPrefixes {
            text += "pop subnetprefix add \(IPv6Address(high: prefix.high, low: 0))/\(prefix.length)\n"
        }
        for tunnel in self.tunnels { text += tunnel.line }
        for subnet in self.subnets {
            let owner = String(subnet.owner, radix: 16)
            text +=
                "subnet set config \(IPv6Address(high: subnet.high, low: 0))/\(subnet.length) \(owner) static\n"
        }
        return text
    }

    // MARK: - Addresses

    private static func randomInterface(_ generator: inout SeededGenerator) -> UInt64 {
        [0, 1, 1, 2, 2, 3, .max, 1 << 32 | 1, generator.next()].randomElement(using: &generator) ?? 1
    }

    private func randomNumber(_ generator: inout SeededGenerator) -> UInt16 {
        guard Int.random(in: 0..<4, using: &generator) > 0,
            let tunnel = self.tunnels.randomElement(using: &generator)
        else { return UInt16(truncatingIfNeeded: generator.next()) }
        let flag: UInt16 = [0, 0, 0x8000, 0x2000].randomElement(using: &generator) ?? 0
        return tunnel.number | flag
    }

    /// An address from any of the corners of the plan.
    func randomAddress(_ generator: inout SeededGenerator) -> IPv6Address {
        switch Int.random(in: 0..<16, using: &generator) {
        case 0..<7:
            IPv6Address(
                high: self.tunnelHigh | UInt64(self.randomNumber(&generator)),
                low: Self.randomInterface(&generator)
            )
        case 7, 8: self.randomSubnetAddress(&generator)
        case 9: IPv6Address(high: self.tunnelHigh | 0xffff, low: UInt64.random(in: 0...2, using: &generator))
        case 10: Self.randomSpecialAddress(&generator)
        case 11: self.randomLinkAddress(&generator)
        case 12: generator.address()
        default: IPv6Address(high: 0x2001_0db8_ffff_0000, low: UInt64.random(in: 0...9, using: &generator))
        }
    }

    private func randomSubnetAddress(_ generator: inout SeededGenerator) -> IPv6Address {
        guard let subnet = self.subnets.randomElement(using: &generator) else {
            return IPv6Address(high: 0x2001_0d00_0000_0000 | generator.next() >> 32, low: 1)
        }
        let rest = [0, .max, generator.next()].randomElement(using: &generator) ?? 0
        let inside = rest >> UInt64(subnet.length)
        let beside: UInt64 = [0, 0, 0, 1].randomElement(using: &generator) ?? 0
        return IPv6Address(
            high: (subnet.high | inside) &+ beside << UInt64(64 - subnet.length),
            low: generator.next()
        )
    }

    private static func randomSpecialAddress(_ generator: inout SeededGenerator) -> IPv6Address {
        let low = UInt64.random(in: 0...2, using: &generator)
        return [
            IPv6Address(high: 0, low: low), IPv6Address(high: 0, low: 0xffff << 32 | low),
            IPv6Address(high: 0, low: 1 << 48), IPv6Address(high: 0xff02 << 48, low: low),
            IPv6Address(high: 0xff0e << 48, low: low), IPv6Address(high: 0xfec0 << 48, low: low),
            IPv6Address(high: 0xfe7f << 48, low: low),
        ].randomElement(using: &generator) ?? .unspecified
    }

    /// Link-local addresses, ours among them, and the groups of neighbour discovery.
    private func randomLinkAddress(_ generator: inout SeededGenerator) -> IPv6Address {
        let number = UInt64(self.randomNumber(&generator))
        return [
            IPv6Address(high: 0xfe80 << 48, low: number << 16 | 1), IPv6Address(high: 0xfe80 << 48, low: 2),
            IPv6Address(high: 0xfebf << 48, low: 1), IPv6Address(high: 0xff02 << 48, low: 0x1_ff00_0001),
            IPv6Address(high: 0xff02 << 48, low: 0x1_ff00_0001 | number & 0xff << 16),
            IPv6Address(high: 0xff02 << 48, low: 0x1_ff00_0002),
        ].randomElement(using: &generator) ?? .unspecified
    }

    /// An address that the user of a tunnel may send from.
    func randomSource(of number: UInt16, _ generator: inout SeededGenerator) -> IPv6Address {
        let own = self.subnets.filter { $0.owner == number }.map { IPv6Address(high: $0.high, low: 9) }
        let standard = [
            IPv6Address(high: self.tunnelHigh | UInt64(number), low: 2),
            IPv6Address(high: self.tunnelHigh | 0x8000 | UInt64(number), low: generator.next()),
        ]
        return (own + standard).randomElement(using: &generator) ?? standard[0]
    }
}
