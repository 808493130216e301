import LinuxIO
import SystemPackage
import Testing
import Wire

@Suite("Batches", .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
struct BatchTests {
    private static let loopback: [AddressFamily: IPAddress] = [
        .ipv4: .ipv4(IPv4Address(127, 0, 0, 1)), .ipv6: .ipv6(.loopback),
    ]

    /// Sends a datagram over a connected socket with DSCP and ECN set.
    private static func send(_ octets: [UInt8], to port: UInt16, _ family: AddressFamily) throws -> Endpoint {
        let address = try #require(Self.loopback[family])
        let sender = try UDPSocket(connectedTo: Endpoint(address, port: port))
        try sender.setTrafficClass(0xb9)
        try sender.send(octets.span.bytes)
        try Delivery.wait()
        return try sender.localEndpoint()
    }

    @Test(arguments: AddressFamily.allCases)
    func tellsWhereADatagramCameFromAndWentTo(_ family: AddressFamily) throws {
        try NetworkNamespace.run {
            let receiver = try UDPSocket(port: 5072, family: family)
            let batch = try ReceiveBatch(capacity: 4, slotSize: 2048, headroom: 64)
            let source = try Self.send([1, 2, 3], to: 5072, family)

            #expect(try batch.receive(from: receiver.fileDescriptor) == 1)

            let datagram = batch.datagram(at: 0)
            #expect(datagram.length == 3)
            #expect(!datagram.isTruncated)
            #expect(datagram.source == source.address)
            #expect(datagram.sourcePort == source.port)
            #expect(datagram.localAddress == Self.loopback[family])
            #expect(datagram.trafficClass == 0xb9)
            #expect(datagram.hopLimit == 64)
            #expect(datagram.interfaceIndex == 1)
            #expect(batch.payload(at: 0).octets == [1, 2, 3])
            #expect(batch.slot(at: 0)[64..<67].elementsEqual([1, 2, 3]))
            #expect(try batch.receive(from: receiver.fileDescriptor) == 0)
        }
    }

    @Test
    func receivesNoMoreThanItsCapacityAndThenTheRest() throws {
        try NetworkNamespace.run {
            let receiver = try UDPSocket(port: 3740, family: .ipv4)
            let batch = try ReceiveBatch(capacity: 2, slotSize: 128, headroom: 28)
            for length in 1...3 { _ = try Self.send([UInt8](repeating: 7, count: length), to: 3740, .ipv4) }

            #expect(try batch.receive(from: receiver.fileDescriptor) == 2)
            #expect((0..<2).map { batch.datagram(at: $0).length } == [1, 2])

            #expect(try batch.receive(from: receiver.fileDescriptor) == 1)
            #expect(batch.datagram(at: 0).length == 3)
        }
    }

    @Test
    func receivesNoMoreThanItIsAskedFor() throws {
        try NetworkNamespace.run {
            let receiver = try UDPSocket(port: 3740, family: .ipv4)
            let batch = try ReceiveBatch(capacity: 4, slotSize: 128, headroom: 28)
            for length in 1...6 { _ = try Self.send([UInt8](repeating: 7, count: length), to: 3740, .ipv4) }

            #expect(try batch.receive(from: receiver.fileDescriptor, atMost: 1) == 1)
            #expect(batch.datagram(at: 0).length == 1)

            #expect(try batch.receive(from: receiver.fileDescriptor, atMost: 5) == 4)
            #expect((0..<4).map { batch.datagram(at: $0).length } == [2, 3, 4, 5])
        }
    }

    @Test(arguments: [(100, false), (101, true)])
    func marksADatagramThatIsTooLong(_ length: Int, _ isTruncated: Bool) throws {
        try NetworkNamespace.run {
            let receiver = try UDPSocket(port: 5072, family: .ipv4)
            let batch = try ReceiveBatch(capacity: 1, slotSize: 128, headroom: 28)
            _ = try Self.send([UInt8](repeating: 7, count: length), to: 5072, .ipv4)

            #expect(try batch.receive(from: receiver.fileDescriptor) == 1)

            #expect(batch.datagram(at: 0).length == 100)
            #expect(batch.datagram(at: 0).isTruncated == isTruncated)
        }
    }

    @Test
    func lendsASlotForWritingInFrontOfTheDatagram() throws {
        try NetworkNamespace.run {
            let receiver = try UDPSocket(port: 5072, family: .ipv4)
            let batch = try ReceiveBatch(capacity: 1, slotSize: 128, headroom: 28)
            _ = try Self.send([5], to: 5072, .ipv4)
            _ = try batch.receive(from: receiver.fileDescriptor)

            batch.withSlot(at: 0) { $0.storeBigEndian(UInt16(0x0102), at: 26) }

            #expect(batch.slot(at: 0)[26..<29].elementsEqual([1, 2, 5]))
        }
    }

    @Test(arguments: AddressFamily.allCases)
    func saysThatAPortIsTaken(_ family: AddressFamily) throws {
        try NetworkNamespace.run {
            let first = try UDPSocket(port: 5072, family: family)
            let error = #expect(throws: SystemCallError.self) {
                _ = try UDPSocket(port: 5072, family: family)
            }

            #expect(error?.description.hasPrefix("UDP port 5072 over \(family): another program has") == true)
            _ = first.fileDescriptor
        }
    }

    @Test
    func servesBothFamiliesOnOnePort() throws {
        try NetworkNamespace.run {
            let ipv4 = try UDPSocket(port: 5072, family: .ipv4)
            let ipv6 = try UDPSocket(port: 5072, family: .ipv6)
            #expect(ipv4.fileDescriptor != ipv6.fileDescriptor)
        }
    }

    @Test
    func reportsARefusalToAConnectedSocket() throws {
        try NetworkNamespace.run {
            let endpoint = Endpoint(.ipv4(IPv4Address(127, 0, 0, 1)), port: 9)
            let sender = try UDPSocket(connectedTo: endpoint)
            try sender.send(([1] as [UInt8]).span.bytes)
            try Delivery.wait()

            let batch = try ReceiveBatch(capacity: 1, slotSize: 128, headroom: 0)
            let error = #expect(throws: SystemCallError.self) {
                try batch.receive(from: sender.fileDescriptor)
            }

            #expect(error?.errno == .connectionRefused)
        }
    }

    @Test
    func namesALocalAddressThatIsNotOurs() throws {
        try NetworkNamespace.run {
            let endpoint = Endpoint(.ipv4(IPv4Address(127, 0, 0, 1)), port: 9)
            let error = #expect(throws: SystemCallError.self) {
                _ = try UDPSocket(connectedTo: endpoint, from: .ipv4(IPv4Address(192, 0, 2, 1)))
            }

            #expect(error?.explanation == "this host has no address 192.0.2.1")
        }
    }
}
