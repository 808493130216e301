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

    /// Messages of every kind that is read, as the kernel writes them.
    private static var samples: [[UInt8]] {
        func message(_ type: Int, _ body: (inout NetlinkRequest) -> Void) -> [UInt8] {
            var request = NetlinkRequest("", type: type, flags: 0, subject: "")
            body(&request)
            return request.encoded(sequence: 1)
        }
        return [
            message(RTM_NEWROUTE) { request in
                var header = rtmsg()
                (header.rtm_family, header.rtm_dst_len, header.rtm_type) = (UInt8(AF_INET), 24, 1)
                request.append(header)
                request.attribute(Int(RTA_DST.rawValue), UInt32(0xcb00_7100).bigEndian)
                request.attribute(Int(RTA_OIF.rawValue), UInt32(2))
                request.attribute(Int(RTA_GATEWAY.rawValue), UInt32(0xc000_0202).bigEndian)
                request.nested(Int(RTA_METRICS.rawValue)) { $0.attribute(Int(RTAX_MTU), UInt32(1400)) }
            },
            message(RTM_NEWNEIGH) { request in
                var header = ndmsg()
                (header.ndm_family, header.ndm_ifindex) = (UInt8(AF_INET), 2)
                header.ndm_state = UInt16(NUD_STALE)
                request.append(header)
                request.attribute(Int(NDA_DST), UInt32(0xc000_0202).bigEndian)
                request.nested(Int(NDA_LLADDR)) { for octet in 1...6 { $0.append(UInt8(octet)) } }
            },
            message(RTM_NEWLINK) { request in
                var header = ifinfomsg()
                (header.ifi_type, header.ifi_index, header.ifi_flags) = (1, 2, UInt32(IFF_UP))
                request.append(header)
                request.nested(IFLA_IFNAME) { for octet in "near\0".utf8 { $0.append(octet) } }
                request.attribute(IFLA_MTU, UInt32(1500))
            },
        ]
    }

    /// How much of a datagram means something to each reader.
    private static func read(_ datagram: [UInt8]) -> Int {
        NetlinkReply.messages(in: datagram).reduce(0) { count, reply in
            let found: [Any?] = [
                RouteChange(reply), IPv4Way(reply, to: IPv4Address(1)), Neighbour(reply), EthernetLink(reply),
            ]
            return count + found.count { $0 != nil }
        }
    }

    @Test
    func areReadFromWhatTheKernelWrites() {
        #expect(Self.samples.map(Self.read) == [2, 2, 2])
    }

    @Test
    func readersTrapOnNothing() {
        for sample in Self.samples {
            for length in 0..<sample.count { #expect(Self.read(Array(sample.prefix(length))) == 0) }
            for place in sample.indices {
                for value in UInt8.min...UInt8.max {
                    var changed = sample
                    changed[place] = value
                    #expect(Self.read(changed) <= 3)
                    // The same within a message that is shorter than its attributes say.
                    if place >= 4 { #expect(Self.read(Self.cut(changed, to: place)) <= 3) }
                }
            }
        }
    }

    /// Shortens a message and says so in its header.
    private static func cut(_ message: [UInt8], to length: Int) -> [UInt8] {
        var cut = Array(message.prefix(max(length, 16)))
        withUnsafeBytes(of: UInt32(cut.count)) {
            for (place, octet) in $0.enumerated() { cut[place] = octet }
        }
        return cut
    }
}
