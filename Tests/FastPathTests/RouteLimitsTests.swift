import Core
import Testing
import Wire

@testable import FastPath

@Suite("What routes allow of tunnels' packets") struct RouteLimitsTests {
    private static let user = IPv4Address(198, 51, 100, 1)
    private static let elsewhere = IPv4Address(198, 51, 100, 2)

    private let first: TID
    private let second: TID

    init() throws {
        self.first = try #require(TID(rawValue: 1))
        self.second = try #require(TID(rawValue: 8191))
    }

    private static func tunnel(to remote: IPv4Address = Self.user, mtu: UInt16 = 1480) -> PlainTunnel {
        PlainTunnel(local: IPv4Address(192, 0, 2, 1), remote: remote, mtu: mtu, identification: 7)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let octets: UInt16?
        let mtu: UInt16

        init(_ name: String, _ octets: UInt16?, _ mtu: UInt16) {
            self.testDescription = name
            self.octets = octets
            self.mtu = mtu
        }
    }

    // swift-format-ignore
    static let cases = [
        Case("no route", nil, 0),
        Case("as large as the interface takes", .max, 1480),
        Case("more than the tunnel takes", 1501, 1480),
        Case("just what the tunnel takes", 1500, 1480),
        Case("one octet less", 1499, 1479),
        Case("less than IPv6 needs", 1280, 1260),
        Case("nothing but an outer header", 20, 0),
        Case("less than an outer header", 19, 0),
    ]

    @Test(arguments: Self.cases)
    func lowerWhatATunnelTakes(_ example: Case) {
        var limits = RouteLimits()

        let before = limits.restrict(Self.tunnel(), of: self.first)
        let asked = limits.takeUnasked()
        let noted = limits.note(example.octets, of: self.first, toward: .ipv4(Self.user))
        let after = limits.restrict(noted, of: self.first)
        let isKnown = limits.isKnown(example.octets, of: self.first, toward: .ipv4(Self.user))
        let isKnownElsewhere = limits.isKnown(example.octets, of: self.first, toward: .ipv4(Self.elsewhere))

        #expect(isKnown && !isKnownElsewhere)
        #expect(before?.mtu == 0)
        #expect(asked.map(\.tid) == [self.first] && asked.map(\.remote) == [.ipv4(Self.user)])
        #expect(after?.mtu == example.mtu)
        #expect(!limits.hasUnasked)
    }

    @Test func lowerWhatATunnelOfGRETakes() {
        var limits = RouteLimits()
        var tunnel = Self.tunnel()
        tunnel.encapsulation = .gre

        let first = limits.restrict(tunnel, of: self.first)
        let noted = limits.note(1500, of: self.first, toward: .ipv4(Self.user))
        let second = limits.restrict(noted, of: self.first)
        // The route is the same one.
        let sixInFour = limits.restrict(Self.tunnel(), of: self.first)

        #expect(first?.mtu == 0)
        #expect(second?.mtu == 1476 && second?.encapsulation == .gre)
        #expect(sixInFour?.mtu == 1480)
    }

    @Test func lowerWhatATunnelOverIPv6Takes() throws {
        var limits = RouteLimits()
        let remote = IPAddress.ipv6(IPv6Address(high: 0x2001_0db8_beef_0000, low: 1))
        var tunnel = Self.tunnel()
        tunnel.local = .ipv6(IPv6Address(high: 0x2001_0db8_0042_0000, low: 1))
        tunnel.remote = remote

        _ = limits.restrict(tunnel, of: self.first)
        let asked = limits.takeUnasked().map(\.remote)
        let noted = limits.note(1400, of: self.first, toward: remote)
        let after = limits.restrict(noted, of: self.first)

        #expect(asked == [remote])
        #expect(after?.mtu == 1360)
    }

    @Test func areAskedForOnceForEachAddress() {
        var limits = RouteLimits()

        _ = limits.restrict(Self.tunnel(), of: self.first)
        _ = limits.restrict(Self.tunnel(mtu: 1300), of: self.first)
        let once = limits.takeUnasked().map(\.remote)
        let never = limits.takeUnasked().map(\.remote)
        _ = limits.restrict(Self.tunnel(to: Self.elsewhere), of: self.first)
        let moved = limits.takeUnasked().map(\.remote)
        // Who went away may find another route on coming back.
        _ = limits.restrict(nil, of: self.first)
        _ = limits.restrict(Self.tunnel(to: Self.elsewhere), of: self.first)
        let again = limits.takeUnasked().map(\.remote)

        #expect(
            once == [.ipv4(Self.user)] && never == [] && moved == [.ipv4(Self.elsewhere)] && again == moved
        )
    }

    @Test func thatComeTooLateCountForNothing() {
        var limits = RouteLimits()
        _ = limits.restrict(Self.tunnel(to: Self.elsewhere), of: self.first)

        let late = limits.note(1400, of: self.first, toward: .ipv4(Self.user))
        let nobodys = limits.note(1400, of: self.second, toward: .ipv4(Self.user))

        let after = limits.restrict(Self.tunnel(to: Self.elsewhere), of: self.first)

        #expect(late == nil && nobodys == nil)
        #expect(after?.mtu == 0)
    }

    @Test func areAskedForAgainWhereSomethingChanged() {
        var limits = RouteLimits()
        _ = limits.restrict(Self.tunnel(), of: self.first)
        _ = limits.restrict(Self.tunnel(to: Self.elsewhere), of: self.second)
        _ = limits.takeUnasked()
        _ = limits.note(.max, of: self.first, toward: .ipv4(Self.user))

        let users = limits.users
        limits.askAgain(users.filter { $0.remote == .ipv4(Self.user) }.map(\.tid))
        // It went away meanwhile.
        _ = limits.restrict(nil, of: self.second)
        limits.askAgain([self.second])

        let meanwhile = limits.restrict(Self.tunnel(), of: self.first)
        let asked = limits.takeUnasked().map(\.tid)

        #expect(users.map(\.tid) == [self.first, self.second])
        // Until there is an answer the last one counts.
        #expect(meanwhile?.mtu == 1480)
        #expect(asked == [self.first])
    }
}

@Suite(
    "Rows of the fast path and routes",
    .enabled(if: NetworkNamespace.takesPrograms, NetworkNamespace.programRequirement)
)
struct RouteLimitedRowTests {
    private static let user = IPv4Address(198, 51, 100, 1)

    @Test func followWhatRoutesAllow() throws {
        let tables = try FastPathPrograms(asksForRoutes: true).tables
        let tid = try #require(TID(rawValue: 7))
        let local = IPv4Address(192, 0, 2, 1)
        let tunnel = PlainTunnel(local: local, remote: Self.user, mtu: 1480, identification: 7)

        let wasSlowed = tables.update(tid, to: tunnel)
        let isFastAtFirst = tables.isFast(tid)
        let asked = tables.takeUnaskedRoutes().map(\.tid)
        let isAllowedFast = !tables.allow(1400, of: tid, toward: .ipv4(Self.user)) && tables.isFast(tid)
        let mtu = UInt16(truncatingIfNeeded: tables.terms(of: tid))
        tables.replace(AddressPlan(Configuration()), device: 0, changing: []) { _ in nil }
        let isKept = tables.isFast(tid)
        let isSlowed = tables.allow(nil, of: tid, toward: .ipv4(Self.user)) && !tables.isFast(tid)

        #expect(!wasSlowed && !isFastAtFirst && asked == [tid])
        #expect(isAllowedFast && mtu == 1380)
        #expect(isKept && isSlowed)
        // Whatever happens to the routes, what is left is counted.
        #expect(tables.keepsOrder(of: tid))
    }
}
