import LinuxIO
import Testing
import Wire

@Suite("What several sockets share", .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
struct TrafficShareTests {
    /// The payloads that came to a socket.
    private static func payloads(of fileDescriptor: CInt) throws -> [[UInt8]] {
        try Delivery.wait()
        let batch = try ReceiveBatch(capacity: 64, slotSize: 2048, headroom: 0)
        var payloads: [[UInt8]] = []
        while true {
            let count = try batch.receive(from: fileDescriptor)
            guard count > 0 else { return payloads }
            payloads += (0..<count).map { batch.payload(at: $0).octets }
        }
    }

    @Test(arguments: AddressFamily.allCases)
    func aPortIsSharedByWhatStandsInTheDatagram(_ family: AddressFamily) throws {
        try NetworkNamespace.run {
            let first = try UDPSocket(port: 5072, family: family, share: .init(index: 0, of: 2), spreadBy: 14)
            let second = try UDPSocket(
                port: 5072,
                family: family,
                share: .init(index: 1, of: 2),
                spreadBy: 14
            )
            let address = family == .ipv4 ? IPAddress.ipv4(IPv4Address(127, 0, 0, 1)) : .ipv6(.loopback)
            let datagrams = (0..<40).map { [UInt8](repeating: 0, count: 15) + [UInt8($0)] }
            let tooShort: [UInt8] = [1, 2, 3]
            for datagram in datagrams + [tooShort] {
                try UDPSocket(connectedTo: Endpoint(address, port: 5072)).send(datagram.span.bytes)
            }

            let even = datagrams.filter { $0[15].isMultiple(of: 2) }
            #expect(try Self.payloads(of: first.fileDescriptor) == even + [tooShort])
            #expect(try Self.payloads(of: second.fileDescriptor) == datagrams.filter { !even.contains($0) })
        }
    }

    @Test(arguments: [1, 2])
    func aPortIsNotSharedWithAnotherProgram(_ count: Int) throws {
        try NetworkNamespace.run {
            let first = try UDPSocket(port: 5072, family: .ipv4, share: .init(index: 0, of: 2))
            let second = try UDPSocket(port: 5072, family: .ipv4, share: .init(index: 1, of: 2))
            let error = #expect(throws: SystemCallError.self) {
                _ = try UDPSocket(port: 5072, family: .ipv4, share: .init(index: 0, of: count))
            }

            #expect(error?.explanation == "another program has this port open: ss -lunp shows which")
            #expect(first.fileDescriptor != second.fileDescriptor)
        }
    }

    @Test(arguments: [2, 3, 7])
    func aProtocolIsSharedByTheSourceAddress(_ count: Int) throws {
        try NetworkNamespace.run {
            var received: [[[UInt8]]] = []
            let sockets = try Sockets(count, .ipv4)
            for host in 1...200 {
                let local = IPAddress.ipv4(IPv4Address(127, 0, 0, UInt8(host)))
                let remote = IPAddress.ipv4(IPv4Address(127, 0, 0, 1))
                let sender = try RawSocket(
                    protocolNumber: ProtocolNumber.ipv6,
                    connectedTo: remote,
                    from: local
                )
                for _ in 0..<2 { try sender.send([UInt8(host)].span.bytes) }
            }
            for descriptor in sockets.descriptors { received.append(try Self.payloads(of: descriptor)) }

            let hosts = received.map { packets in packets.map { $0[15] } }
            #expect(hosts.joined().sorted() == (1...200).flatMap { [UInt8($0), UInt8($0)] })
            #expect(hosts.map { Set($0).count }.reduce(0, +) == 200, "one host's packets stay together")
            #expect(hosts.allSatisfy { $0.count > 400 / count / 2 }, "\(hosts.map(\.count))")
        }
    }

    @Test
    func aProtocolOverIPv6IsSharedByTheSourceAddress() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let loopback = try NetworkDevice(named: "lo")
            let locals = (1...40).map { IPv6Address(high: 0x2001_0db8_0000_0000, low: UInt64($0)) }
            for local in locals { try netlink.addAddress(local, prefixLength: 128, to: loopback) }
            let sockets = try Sockets(2, .ipv6)
            for (number, local) in locals.enumerated() {
                try RawSocket(
                    protocolNumber: ProtocolNumber.ipv6,
                    connectedTo: .ipv6(.loopback),
                    from: .ipv6(local)
                ).send([UInt8(number)].span.bytes)
            }
            let received = try sockets.descriptors.map { try Self.payloads(of: $0) }

            #expect(received.joined().map { $0[0] }.sorted() == (0..<40).map { UInt8($0) })
            #expect(received.allSatisfy { $0.count >= 10 }, "\(received.map(\.count))")
        }
    }

    @Test
    func theFlowsOfADeviceAreSpreadOverItsQueues() throws {
        try NetworkNamespace.run {
            let first = try TUNDevice(name: "sxtun0", isOneOfSeveral: true)
            let second = try TUNDevice(name: "sxtun0", isOneOfSeveral: true)
            let isSpread = first.spreadFlows()
            #expect(isSpread)
            var netlink = try RouteNetlink()
            let device = try NetworkDevice(named: "sxtun0")
            try netlink.disableAddressGeneration(of: device)
            let prefix = IPv6Address(high: 0x2001_0db8_0001_0000, low: 2)
            try netlink.addAddress(prefix, prefixLength: 64, to: device)
            try netlink.bringUp(device)
            let remote = Endpoint(.ipv6(IPv6Address(high: prefix.high, low: 0x99)), port: 9)
            for flow in 0..<40 {
                let sender = try UDPSocket(connectedTo: remote)
                for _ in 0..<3 { try sender.send([UInt8(flow)].span.bytes) }
            }
            let flows = try [Self.flows(first), Self.flows(second)]

            #expect(flows.joined().sorted() == (0..<40).flatMap { [UInt8](repeating: $0, count: 3) })
            #expect(flows.map { Set($0).count }.reduce(0, +) == 40, "a flow's packets stay together")
            #expect(flows.allSatisfy { $0.count >= 3 * 8 }, "\(flows.map(\.count))")
        }
    }

    /// The last octets of the UDP packets that wait.
    private static func flows(_ tun: borrowing TUNDevice) throws -> [UInt8] {
        try Delivery.wait()
        var flows: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 2048)
        while true {
            var span = buffer.mutableSpan
            var bytes = span.mutableBytes
            guard let count = try tun.read(into: &bytes) else { return flows }
            if buffer[6] == ProtocolNumber.udp { flows.append(buffer[count - 1]) }
        }
    }
}

/// Sockets of protocol 41 that share its packets.
private final class Sockets {

    private var keeper: [() -> CInt] = []

    var descriptors: [CInt] { self.keeper.map { $0() } }

    init(_ count: Int, _ family: AddressFamily) throws {
        for index in 0..<count {
            let socket = try RawSocket(
                protocolNumber: ProtocolNumber.ipv6,
                family: family,
                share: TrafficShare(index: index, of: count)
            )
            self.keeper.append { socket.fileDescriptor }
        }
    }
}
