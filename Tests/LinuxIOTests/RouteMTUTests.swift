import CLinux
import Glibc
import Testing
import Wire

@testable import LinuxIO

@Suite("What routes say of sizes", .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
struct RouteMTUTests {
    private static let own = IPv4Address(192, 0, 2, 1)
    private static let gateway = IPv4Address(192, 0, 2, 2)
    private static let remote = IPv4Address(198, 51, 100, 1)

    private static func run(_ body: @escaping @Sendable (inout RouteNetlink, Cable) throws -> Void) throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let cable = try Cable(&netlink)
            try netlink.addIPv4Address(Self.own, to: cable.near)
            try body(&netlink, cable)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var mtu: UInt32?
        var locksMTU = false
        var kind = RTN_UNICAST
        let says: RouteMTU
    }

    static let cases = [
        Case(testDescription: "nothing", says: .any),
        Case(testDescription: "a size", mtu: 1400, says: .limited(1400)),
        Case(testDescription: "a size that is locked", mtu: 1300, locksMTU: true, says: .limited(1300)),
        Case(testDescription: "blackhole", kind: RTN_BLACKHOLE, says: .noRoute),
        Case(testDescription: "unreachable", kind: RTN_UNREACHABLE, says: .noRoute),
        Case(testDescription: "prohibit", kind: RTN_PROHIBIT, says: .noRoute),
    ]

    @Test(arguments: Self.cases)
    func areRead(_ example: Case) throws {
        try Self.run { netlink, _ in
            try netlink.addIPv4Route(
                to: Self.remote,
                prefixLength: 32,
                via: example.kind == RTN_UNICAST ? Self.gateway : nil,
                kind: example.kind,
                mtu: example.mtu,
                locksMTU: example.locksMTU
            )
            let says = try RouteMTU(toward: .ipv4(Self.remote), as: 0, in: &netlink)
            #expect(says == example.says)
        }
    }

    @Test func areNotThereWithoutARouteNorForThisHost() throws {
        try Self.run { netlink, _ in
            for address in [Self.remote, Self.own] {
                let says = try RouteMTU(toward: .ipv4(address), as: 0, in: &netlink)
                #expect(says == .noRoute)
            }
        }
    }

    // MARK: - IPv6

    @Test(arguments: [nil, 1400])
    func areReadOfIPv6(mtu: UInt32?) throws {
        try Self.run { netlink, cable in
            let own = IPv6Address(high: 0x2001_0db8_0042_0000, low: 1)
            let remote = IPv6Address(high: 0x2001_0db8_beef_0000, low: 1)
            try netlink.addAddress(own, prefixLength: 64, to: cable.near)
            let before = try RouteMTU(toward: .ipv6(remote), as: 0, in: &netlink)
            try netlink.addIPv6Route(
                to: IPv6Prefix(containing: remote, length: 48),
                via: IPv6Address(high: own.high, low: 2),
                through: cable.near,
                mtu: mtu
            )

            let says = try RouteMTU(toward: .ipv6(remote), as: 0, in: &netlink)

            #expect(before == .noRoute)
            #expect(says == mtu.map { .limited(Int($0)) } ?? .any)
        }
    }
}
