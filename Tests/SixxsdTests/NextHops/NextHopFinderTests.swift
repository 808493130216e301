import LinuxIO
import Testing
import Wire

@testable import sixxsd

@Suite("Next hop finder")
struct NextHopFinderTests {
    private static let gateway = IPv4Address(192, 0, 2, 1)
    private static let remote = IPv4Address(203, 0, 113, 10)
    private static let address = LinkAddress(0x0200_0000_0001)
    private static let user: UInt32 = 4711

    /// Tables that say what a test tells them to.
    private final class Kernel {
        var ways: [IPv4Address: IPv4Way] = [
            remote: IPv4Way(interface: 3, neighbour: gateway, mtu: nil)
        ]
        var addresses: [Neighbour.Name: LinkAddress] = [
            Neighbour.Name(interface: 3, address: gateway): address
        ]
        var links: [UInt32: EthernetLink] = [3: EthernetLink(mtu: 1500)]
        var users: Set<UInt32> = []
        var linkQuestions = 0
        var refuses = false
    }

    private struct Tables: RouteTables {
        let kernel: Kernel

        private func check() throws(SystemCallError) {
            // No interface has this name.
            if self.kernel.refuses { _ = try NetworkDevice(named: "") }
        }

        func way(to remote: IPv4Address, as user: UInt32) throws(SystemCallError) -> IPv4Way? {
            try self.check()
            self.kernel.users.insert(user)
            return self.kernel.ways[remote]
        }

        func linkAddress(of name: Neighbour.Name) throws(SystemCallError) -> LinkAddress? {
            self.kernel.addresses[name]
        }

        func ethernetLink(_ interface: UInt32) throws(SystemCallError) -> EthernetLink? {
            self.kernel.linkQuestions += 1
            return self.kernel.links[interface]
        }
    }

    private static func neighbour(
        _ address: IPv4Address = gateway,
        on interface: UInt32 = 3,
        at linkAddress: LinkAddress?
    ) -> RouteChange {
        .neighbour(
            Neighbour(
                name: Neighbour.Name(interface: interface, address: address),
                linkAddress: linkAddress
            )
        )
    }

    @Test
    func findsWhatTheTablesSay() throws {
        let kernel = Kernel()
        var finder = NextHopFinder(Tables(kernel: kernel), user: Self.user)

        let hop = try finder.hop(toward: Self.remote)

        #expect(hop == NextHop(interface: 3, address: Self.address, mtu: 1500))
        #expect(kernel.users == [Self.user])
    }

    @Test(arguments: [(1400, 1400), (1500, 1500), (9000, 1500)])
    func takesTheSmallerSizeOfRouteAndLink(_ route: Int, _ size: Int) throws {
        let kernel = Kernel()
        kernel.ways[Self.remote]?.mtu = route
        var finder = NextHopFinder(Tables(kernel: kernel), user: Self.user)

        #expect(try finder.hop(toward: Self.remote)?.mtu == size)
    }

    @Test
    func findsNoneWhereSomethingIsMissing() throws {
        let kernel = Kernel()
        var finder = NextHopFinder(Tables(kernel: kernel), user: Self.user)
        let noWay = try finder.hop(toward: Self.gateway)
        #expect(noWay == nil)

        kernel.addresses = [:]
        let noNeighbour = try finder.hop(toward: Self.remote)
        #expect(noNeighbour == nil)

        finder.beginAnew()
        kernel.addresses = Kernel().addresses
        kernel.links = [:]
        let noEthernet = try finder.hop(toward: Self.remote)
        #expect(noEthernet == nil)

        kernel.refuses = true
        #expect(throws: SystemCallError.self) { _ = try finder.hop(toward: Self.remote) }
    }

    @Test
    func looksALinkUpOnceUntilSomethingChanges() throws {
        let kernel = Kernel()
        var finder = NextHopFinder(Tables(kernel: kernel), user: Self.user)
        for _ in 0..<3 { _ = try finder.hop(toward: Self.remote) }
        #expect(kernel.linkQuestions == 1)

        finder.beginAnew()
        kernel.links[3] = EthernetLink(mtu: 1400)
        let hop = try finder.hop(toward: Self.remote)
        #expect(hop?.mtu == 1400)
    }

    // swift-format-ignore
    private static let changes: [(String, RouteChange, isTouched: Bool)] = [
        ("something", .anything, true),
        ("the default route", .route(IPv4Address(0), prefixLength: 0), true),
        ("a route to the remote end", .route(IPv4Address(203, 0, 113, 0), prefixLength: 24), true),
        ("a route elsewhere", .route(IPv4Address(203, 0, 112, 0), prefixLength: 24), false),
        ("the gateway as it was", neighbour(at: address), false),
        ("the gateway moved", neighbour(at: LinkAddress(0x0200_0000_0002)), true),
        ("the gateway gone", neighbour(at: nil), true),
        ("the same address on another link", neighbour(on: 4, at: nil), false),
        ("another neighbour", neighbour(IPv4Address(192, 0, 2, 9), at: nil), false),
        ("a neighbour that was missing, still missing", neighbour(IPv4Address(192, 0, 2, 2), at: nil), false),
        ("a neighbour that was missing", neighbour(IPv4Address(192, 0, 2, 2), at: address), true),
    ]

    @Test(arguments: changes.indices)
    func isTouchedByWhatItsAnswersRestOn(_ index: Int) throws {
        let (name, change, isTouched) = Self.changes[index]
        let kernel = Kernel()
        let unanswered = IPv4Address(198, 51, 100, 1)
        kernel.ways[unanswered] = IPv4Way(interface: 3, neighbour: IPv4Address(192, 0, 2, 2))
        var finder = NextHopFinder(Tables(kernel: kernel), user: Self.user)
        _ = try finder.hop(toward: Self.remote)
        _ = try finder.hop(toward: unanswered)

        #expect(finder.isTouched(by: change) == isTouched, "\(name)")

        finder.beginAnew()
        #expect(finder.isTouched(by: change) == (change == .anything), "nothing rests on it")
    }

    @Test
    func remembersNoMoreThanItMay() throws {
        var finder = NextHopFinder(Tables(kernel: Kernel()), user: Self.user)
        for number in 1..<NextHopFinder<Tables>.capacity {
            _ = try finder.hop(toward: IPv4Address(UInt32(number)))
        }
        let before = finder.isFull
        _ = try finder.hop(toward: IPv4Address(0))
        let after = finder.isFull
        finder.beginAnew()
        let anew = finder.isFull

        #expect([before, after, anew] == [false, true, false])
    }
}
