import CLinux
import Glibc
import Testing
import Wire

@testable import LinuxIO

@Suite("Route monitor", .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
struct RouteMonitorTests {
    private static let gateway = IPv4Address(192, 0, 2, 2)
    private static let hardware: [UInt8] = [0x02, 0, 0, 0xab, 0xcd, 0xef]

    /// Runs a body beside a monitor that has nothing to tell.
    ///
    /// Loopback is the only interface: of others, the kernel tells by and by that they are up.
    private static func run(
        _ body: @escaping @Sendable (inout RouteMonitor, inout RouteNetlink, NetworkDevice) throws -> Void
    ) throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let loopback = try NetworkDevice(named: "lo")
            var monitor = try RouteMonitor()
            #expect(try monitor.read() == [])
            try body(&monitor, &netlink, loopback)
        }
    }

    @Test
    func tellsOfRoutes() throws {
        try Self.run { monitor, netlink, loopback in
            let destination = IPv4Address(203, 0, 113, 0)
            try netlink.addIPv4Route(to: destination, through: loopback)
            #expect(try monitor.read() == [.route(destination, prefixLength: 24)])
        }
    }

    @Test
    func tellsOfNeighboursAndWhetherTheyAreUsable() throws {
        try Self.run { monitor, netlink, _ in
            // Loopback has none.
            let device = try Cable(&netlink).near
            let name = Neighbour.Name(interface: device.index, address: Self.gateway)
            let address = LinkAddress(0x0200_00ab_cdef)
            for (state, linkAddress) in [(NUD_PERMANENT, address), (NUD_FAILED, nil), (NUD_STALE, address)] {
                try netlink.addNeighbour(Self.gateway, Self.hardware, on: device, state: CInt(state))

                let changes = try monitor.read()

                #expect(changes.contains(.neighbour(Neighbour(name: name, linkAddress: linkAddress))))
            }
        }
    }

    @Test
    func tellsOfLinksAndRules() throws {
        try Self.run { monitor, netlink, loopback in
            try netlink.setMTU(1400, of: loopback)
            #expect(try monitor.read() == [.anything])

            try netlink.addRule(table: 100)
            #expect(try monitor.read() == [.anything])
        }
    }

    @Test
    func tellsThatItLostSomething() throws {
        try Self.run { monitor, netlink, loopback in
            // More than the socket holds.
            for number in 0..<3000 {
                let destination = IPv4Address(0x0a00_0000 + UInt32(number) << 8)
                try netlink.addIPv4Route(to: destination, through: loopback)
            }

            var changes: [RouteChange] = []
            while case let more = try monitor.read(), !more.isEmpty { changes += more }

            #expect(changes.contains(.anything))
            #expect(try monitor.read() == [], "and goes on")
            try netlink.addIPv4Route(to: IPv4Address(203, 0, 113, 0), through: loopback)
            #expect(try monitor.read() == [.route(IPv4Address(203, 0, 113, 0), prefixLength: 24)])
        }
    }
}

@Suite("Route changes")
struct RouteChangeTests {
    @Test(arguments: [
        (IPv4Address(203, 0, 113, 0), 24, true), (IPv4Address(203, 0, 112, 0), 24, false),
        (IPv4Address(203, 0, 113, 10), 32, true), (IPv4Address(203, 0, 113, 11), 32, false),
        (IPv4Address(0), 0, true), (IPv4Address(128, 0, 0, 0), 1, true), (IPv4Address(0), 1, false),
    ])
    func concernHostsInThePrefix(_ address: IPv4Address, _ length: Int, _ isConcerned: Bool) {
        let change = RouteChange.route(address, prefixLength: length)
        #expect(change.concerns(IPv4Address(203, 0, 113, 10)) == isConcerned)
    }
}
