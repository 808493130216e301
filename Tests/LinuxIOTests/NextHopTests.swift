import CLinux
import Glibc
import Testing
import Wire

@testable import LinuxIO

@Suite("Next hops", .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
struct NextHopTests {
    private static let own = IPv4Address(192, 0, 2, 1)
    private static let gateway = IPv4Address(192, 0, 2, 2)
    private static let remote = IPv4Address(203, 0, 113, 10)
    private static let hardware: [UInt8] = [0x02, 0, 0, 0xab, 0xcd, 0xef]

    /// Runs a body beside a cable, our address on its near end.
    private static func run(_ body: @escaping @Sendable (inout RouteNetlink, Cable) throws -> Void) throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let cable = try Cable(&netlink)
            try netlink.addIPv4Address(Self.own, to: cable.near)
            try body(&netlink, cable)
        }
    }

    @Test
    func leadThroughAGateway() throws {
        try Self.run { netlink, cable in
            try netlink.addIPv4Route(to: Self.remote, prefixLength: 32, via: Self.gateway)

            let way = try netlink.way(to: Self.remote, as: 0)

            #expect(way == IPv4Way(interface: cable.near.index, neighbour: Self.gateway))
        }
    }

    @Test
    func areTheHostItselfOnALink() throws {
        try Self.run { netlink, cable in
            let way = try netlink.way(to: Self.gateway, as: 0)
            #expect(way == IPv4Way(interface: cable.near.index, neighbour: Self.gateway))
        }
    }

    @Test
    func haveTheSizeThatTheRouteSays() throws {
        try Self.run { netlink, _ in
            try netlink.addIPv4Route(to: Self.remote, prefixLength: 32, via: Self.gateway, mtu: 1400)
            #expect(try netlink.way(to: Self.remote, as: 0)?.mtu == 1400)
        }
    }

    @Test(arguments: [RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT, RTN_LOCAL])
    func areNotWhereARouteLeadsNowhere(_ kind: Int) throws {
        try Self.run { netlink, _ in
            let loopback = kind == RTN_LOCAL ? try NetworkDevice(named: "lo") : nil
            try netlink.addIPv4Route(to: Self.remote, prefixLength: 32, through: loopback, kind: kind)
            let way = try netlink.way(to: Self.remote, as: 0)
            #expect(way == nil)
        }
    }

    @Test
    func areNotForThisHostNorWithoutARoute() throws {
        try Self.run { netlink, _ in
            for address in [Self.own, Self.remote, IPv4Address(192, 0, 2, 255)] {
                let way = try netlink.way(to: address, as: 0)
                #expect(way == nil)
            }
        }
    }

    @Test
    func haveALinkAddressWhileTheNeighbourIsUsable() throws {
        try Self.run { netlink, cable in
            let name = Neighbour.Name(interface: cable.near.index, address: Self.gateway)
            #expect(try netlink.linkAddress(of: name) == nil, "nobody asked for it")

            for state in [NUD_PERMANENT, NUD_STALE, NUD_REACHABLE] {
                let device = cable.near
                try netlink.addNeighbour(Self.gateway, Self.hardware, on: device, state: CInt(state))
                #expect(try netlink.linkAddress(of: name)?.description == "02:00:00:ab:cd:ef")
            }

            let elsewhere = Neighbour.Name(interface: 9999, address: Self.gateway)
            #expect(try netlink.linkAddress(of: elsewhere) == nil)
        }
    }

    @Test
    func areOnEthernetThatIsUp() throws {
        try Self.run { netlink, cable in
            #expect(try netlink.ethernetLink(cable.near.index)?.mtu == 1500)
            try netlink.setMTU(1400, of: cable.near)
            #expect(try netlink.ethernetLink(cable.near.index)?.mtu == 1400)

            try netlink.setLink(cable.near, isUp: false)
            #expect(try netlink.ethernetLink(cable.near.index) == nil)
            let loopback = try NetworkDevice(named: "lo")
            #expect(try netlink.ethernetLink(loopback.index) == nil, "loopback")
            let tun = try TUNDevice(name: "sxtun", wantsOffloads: false)
            let device = try NetworkDevice(named: "sxtun")
            try netlink.bringUp(device)
            #expect(try netlink.ethernetLink(device.index) == nil, "no Ethernet")
            #expect(tun.fileDescriptor >= 0)
            #expect(try netlink.ethernetLink(9999) == nil)
        }
    }
}
