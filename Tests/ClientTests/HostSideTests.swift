import LinuxIO
import SystemPackage
import Testing
import Wire

@testable import sixxs_client

/// The host's tables as a test has them.
private final class FakeHost {
    var link: LinkState? = LinkState(isUp: true, mtu: 1480)
    /// Each with its length, of which the kernel keeps one.
    var addresses: [IPv6Address: Int] = [:]
    var routes: [IPv6RouteEntry] = []
    var refusal: Errno?

    func check() throws(SystemCallError) {
        if let refusal { throw SystemCallError(call: "RTM_TEST", errno: refusal) }
    }
}

private struct FakeTables: HostTables {
    let host: FakeHost

    mutating func state(of device: NetworkDevice) throws(SystemCallError) -> LinkState? { self.host.link }

    mutating func addresses(of device: NetworkDevice) throws(SystemCallError) -> [InterfaceAddress] {
        self.host.addresses.map { InterfaceAddress($0.key, prefixLength: $0.value, interface: device.index) }
    }

    mutating func routes(to destination: IPv6Prefix?) throws(SystemCallError) -> [IPv6RouteEntry] {
        self.host.routes.filter { destination == nil || $0.destination == destination }
    }

    mutating func route(to address: IPv6Address) throws(SystemCallError) -> IPv6RouteEntry? {
        self.host.routes.filter { $0.destination.contains(address) }.min {
            ($1.destination.length, $0.metric) < ($0.destination.length, $1.metric)
        }
    }

    mutating func setMTU(_ mtu: Int, of device: NetworkDevice) throws(SystemCallError) {
        try self.host.check()
        self.host.link = LinkState(isUp: self.host.link?.isUp ?? false, mtu: mtu)
    }

    mutating func bringUp(_ device: NetworkDevice) throws(SystemCallError) {
        self.host.link = LinkState(isUp: true, mtu: self.host.link?.mtu ?? 0)
    }

    mutating func addAddress(
        _ address: IPv6Address,
        prefixLength: Int,
        to device: NetworkDevice
    ) throws(SystemCallError) {
        try self.host.check()
        if self.host.addresses[address] == nil { self.host.addresses[address] = prefixLength }
    }

    mutating func removeAddress(
        _ address: IPv6Address,
        prefixLength: Int,
        from device: NetworkDevice
    ) throws(SystemCallError) {
        guard self.host.addresses[address] == prefixLength else {
            throw SystemCallError(call: "RTM_DELADDR", errno: Errno(rawValue: 99))
        }
        self.host.addresses[address] = nil
    }

    mutating func addRoute(
        _ route: IPv6Route,
        onConflict conflict: RouteNetlink.Conflict
    ) throws(SystemCallError) {
        try self.host.check()
        let isTaken = self.host.routes.contains {
            $0.destination == route.destination && $0.metric == route.metric
        }
        if isTaken { throw SystemCallError(call: "RTM_NEWROUTE", errno: .fileExists) }
        self.host.routes.append(
            IPv6RouteEntry(
                to: route.destination,
                interface: route.device.index,
                metric: route.metric ?? IPv6RouteEntry.defaultMetric,
                origin: RouteNetlink.routeProtocol
            )
        )
    }
}

@Suite("The host's side of the tunnel") struct HostSideTests {
    private static let all = IPv6Prefix(containing: .unspecified, length: 0)

    /// What a host must have that has nothing yet; loopback stands for the device.
    private static func side(
        _ host: FakeHost,
        defaultRoute: Bool = true
    ) throws -> HostSide<FakeTables> {
        let device = try NetworkDevice(named: "lo")
        let route = IPv6Route(to: Self.all, device: device, metric: 2048)
        var side = HostSide(
            FakeTables(host: host),
            device: device,
            identity: TestTunnel.us,
            mtu: 1480,
            defaultRoute: defaultRoute ? route : nil
        )
        _ = try side.mend(at: .zero)
        #expect(try side.mend(at: .zero) == [])
        return side
    }

    struct Loss: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let mended: [String]
        fileprivate let happen: @Sendable (FakeHost) -> Void

        fileprivate init(_ name: String, _ mended: [String], _ happen: @escaping @Sendable (FakeHost) -> Void)
        {
            self.testDescription = name
            self.mended = mended
            self.happen = happen
        }
    }

    // swift-format-ignore
    fileprivate static let losses = [
        Loss("the address", ["address 2001:db8:2ff:1::2/64"]) { $0.addresses = [:] },
        Loss("the address's length", ["address 2001:db8:2ff:1::2/64, which was /128"]) { $0.addresses = [TestTunnel.us: 128] },
        Loss("the default route", ["the default route"]) { $0.routes = [] },
        Loss("the MTU", ["MTU 1480, which was 1280"]) { $0.link = LinkState(isUp: true, mtu: 1280) },
        Loss("both, with the device down and up", ["address 2001:db8:2ff:1::2/64", "the default route"]) { $0.addresses = [:]; $0.routes = [] },
    ]

    @Test(arguments: losses)
    fileprivate func hasBack(_ loss: Loss) throws {
        let host = FakeHost()
        var side = try Self.side(host)
        loss.happen(host)

        #expect(try side.mend(at: .seconds(1)) == loss.mended)
        #expect(try side.mend(at: .seconds(2)) == [])
    }

    @Test func isBroughtUpAfterAMoment() throws {
        let host = FakeHost()
        var side = try Self.side(host)
        host.link = LinkState(isUp: false, mtu: 1480)
        host.addresses = [:]
        host.routes = []

        #expect(try side.mend(at: .seconds(10)) == [] && side.downSince == .seconds(10))
        #expect(try side.mend(at: .seconds(11)) == [])
        let mended = try side.mend(at: .seconds(12))

        #expect(mended == ["device up (it was down)", "address 2001:db8:2ff:1::2/64", "the default route"])
        #expect(side.downSince == nil)
    }

    @Test func leavesTheDefaultRouteToWhoTookItsPlace() throws {
        let host = FakeHost()
        var side = try Self.side(host)
        host.routes = [IPv6RouteEntry(to: Self.all, interface: 7, metric: 2048, origin: 3)]

        let error = #expect(throws: SystemCallError.self) { try side.mend(at: .seconds(1)) }

        #expect(error?.description.contains("another route has its place") == true)
    }

    @Test func knowsWhatStandsBeforeTheTunnel() throws {
        let host = FakeHost()
        var side = try Self.side(host)
        #expect(try side.detour() == nil)
        let gateway = try IPv6Address(parsing: "fe80::1")
        let advertised = IPv6RouteEntry(to: Self.all, via: gateway, interface: 7, origin: 9)
        host.routes.append(advertised)

        #expect(try side.detour() == .route(advertised))
        let line = HostAdvice(device: "sixxs0", metric: 2048).line(about: .route(advertised))
        #expect(line.contains("default via fe80::1 dev #7 proto ra metric 1024 stands before"))
        #expect(
            line.contains(
                "net.ipv6.conf.#7.accept_ra_defrtr=0 and ip -6 route del default via fe80::1 dev #7"
            )
        )

        host.routes[1] = IPv6RouteEntry(to: Self.all, interface: 7, metric: 4096, origin: 3)
        #expect(try side.detour() == nil, "what stands behind is nobody's concern")
    }

    @Test func knowsThatPacketsGoNowhere() throws {
        let host = FakeHost()
        var side = try Self.side(host)
        host.routes = []

        #expect(try side.detour() == .nowhere)
        let line = HostAdvice(device: "sixxs0", metric: 2048).line(about: .nowhere)
        #expect(
            line.hasSuffix(
                "a route or a rule refuses it (ip -6 rule, ip -6 route show table all): remove that"
            )
        )
    }

    @Test func hasNoOpinionWhereTheDefaultRouteIsLeftAlone() throws {
        let host = FakeHost()
        var side = try Self.side(host, defaultRoute: false)
        #expect(host.routes == [])
        host.routes = [IPv6RouteEntry(to: Self.all, interface: 7, origin: 3)]

        #expect(try side.detour() == nil && side.mend(at: .seconds(1)) == [])
    }
}
