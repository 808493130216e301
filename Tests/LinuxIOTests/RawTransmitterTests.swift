import CLinux
import Glibc
import SystemPackage
import Testing
import Wire

@testable import LinuxIO

@Suite("Raw packets", .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
struct RawTransmitterTests {
    private static let loopback = IPv4Address(127, 0, 0, 1)

    /// An IPv4 packet of protocol 41 with some octets inside.
    private static func packet(_ payload: [UInt8], to destination: IPv4Address) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: 20) + payload
        let header = IPv4Header(
            trafficClass: 0xb9,
            totalLength: UInt16(octets.count),
            timeToLive: 64,
            protocolNumber: ProtocolNumber.ipv6,
            source: Self.loopback,
            destination: destination
        )
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        header.encode(into: &bytes, at: 0)
        return octets
    }

    private static func transmit(
        _ packets: [([UInt8], IPAddress)],
        _ family: AddressFamily
    ) throws -> (
        TransmitBatch.Outcome, [TransmitBatch.Failure]
    ) {
        let transmitter = try RawTransmitter(family: family)
        let batch = TransmitBatch()
        let memory = packets.map { packet, destination in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: packet.count, alignment: 8)
            copy.copyBytes(from: packet)
            return (copy, destination)
        }
        defer { for (copy, _) in memory { copy.deallocate() } }
        for (copy, destination) in memory {
            guard let start = copy.baseAddress else { continue }
            batch.append(start, length: copy.count, to: destination)
        }
        let outcome = batch.flush(on: transmitter.fileDescriptor)
        try Delivery.wait()
        return (outcome, (0..<outcome.failed).map { batch.failure(at: $0) })
    }

    @Test
    func sendsWholeIPv4Packets() throws {
        try NetworkNamespace.run {
            let receiver = try RawSocket(protocolNumber: ProtocolNumber.ipv6, family: .ipv4)
            let batch = try ReceiveBatch(slotSize: 2048, headroom: 0)
            let packets = (0..<64).map { Self.packet([UInt8($0)], to: Self.loopback) }

            let (outcome, _) = try Self.transmit(packets.map { ($0, .ipv4(Self.loopback)) }, .ipv4)

            #expect(outcome == TransmitBatch.Outcome(sent: 64, failed: 0))
            #expect(try batch.receive(from: receiver.fileDescriptor) == 64)
            #expect((0..<64).map { batch.payload(at: $0).octets } == packets)
            #expect(batch.datagram(at: 63).source == .ipv4(Self.loopback))
            #expect(batch.datagram(at: 63).localAddress == .ipv4(Self.loopback))
            #expect(batch.datagram(at: 63).trafficClass == 0xb9)
        }
    }

    @Test
    func arrivesWholeWhereNobodyAsksWhereFrom() throws {
        try NetworkNamespace.run {
            let quiet = try RawSocket(
                protocolNumber: ProtocolNumber.ipv6,
                family: .ipv4,
                tellsOrigins: false
            )
            let telling = try RawSocket(protocolNumber: ProtocolNumber.ipv6, family: .ipv4)
            let batch = try ReceiveBatch(slotSize: 2048, headroom: 0)
            let packets = (0..<64).map { Self.packet([UInt8($0)], to: Self.loopback) }
            _ = try Self.transmit(packets.map { ($0, .ipv4(Self.loopback)) }, .ipv4)

            #expect(try batch.receive(from: quiet.fileDescriptor, tellingOrigins: false) == 64)
            #expect((0..<64).map { batch.payload(at: $0).octets } == packets)
            #expect((0..<64).map { batch.length(at: $0) } == packets.map(\.count))

            #expect(try batch.receive(from: telling.fileDescriptor) == 64)
            #expect(batch.datagram(at: 63).source == .ipv4(Self.loopback), "it can be asked again")
        }
    }

    @Test
    func sendsWholeIPv6Packets() throws {
        try NetworkNamespace.run {
            let receiver = try RawSocket(protocolNumber: ProtocolNumber.ipv6, family: .ipv6)
            let batch = try ReceiveBatch(slotSize: 2048, headroom: 0)
            var octets = [UInt8](repeating: 0, count: 40) + [1, 2, 3]
            let header = IPv6Header(
                trafficClass: 0x2e,
                payloadLength: 3,
                nextHeader: ProtocolNumber.ipv6,
                hopLimit: 61,
                source: .loopback,
                destination: .loopback
            )
            var span = octets.mutableSpan
            var bytes = span.mutableBytes
            header.encode(into: &bytes, at: 0)

            let (outcome, _) = try Self.transmit([(octets, .ipv6(.loopback))], .ipv6)

            #expect(outcome.sent == 1)
            #expect(try batch.receive(from: receiver.fileDescriptor) == 1)
            #expect(batch.payload(at: 0).octets == [1, 2, 3], "the header stays with the kernel")
            #expect(batch.datagram(at: 0).localAddress == .ipv6(.loopback))
            #expect(batch.datagram(at: 0).trafficClass == 0x2e)
            #expect(batch.datagram(at: 0).hopLimit == 61)
        }
    }

    @Test
    func losesOnlyThePacketsThatCannotGo() throws {
        try NetworkNamespace.run {
            let receiver = try RawSocket(protocolNumber: ProtocolNumber.ipv6, family: .ipv4)
            let batch = try ReceiveBatch(slotSize: 2048, headroom: 0)
            let elsewhere = IPv4Address(192, 0, 2, 1)
            let good = Self.packet([1], to: Self.loopback)
            let unreachable = Self.packet([2], to: elsewhere)

            let (outcome, failures) = try Self.transmit(
                [
                    (unreachable, .ipv4(elsewhere)), (good, .ipv4(Self.loopback)),
                    (good, .ipv4(Self.loopback)), (unreachable, .ipv4(elsewhere)),
                    (good, .ipv4(Self.loopback)), ([1, 2], .ipv4(Self.loopback)),
                ],
                .ipv4
            )

            #expect(outcome == TransmitBatch.Outcome(sent: 3, failed: 3))
            #expect(failures.map(\.index) == [0, 3, 5])
            #expect(failures.map(\.errno) == [.networkUnreachable, .networkUnreachable, .invalidArgument])
            #expect(try batch.receive(from: receiver.fileDescriptor) == 3)
        }
    }

    @Test
    func reportsAPacketLongerThanTheLink() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            try netlink.setMTU(1500, of: NetworkDevice(named: "lo"))
            let fits = Self.packet([UInt8](repeating: 0, count: 1480), to: Self.loopback)
            let isLonger = Self.packet([UInt8](repeating: 0, count: 1481), to: Self.loopback)

            let (outcome, failures) = try Self.transmit(
                [(isLonger, .ipv4(Self.loopback)), (fits, .ipv4(Self.loopback))],
                .ipv4
            )

            #expect(outcome.sent == 1)
            #expect(failures == [TransmitBatch.Failure(index: 0, packets: 1, errno: .messageTooLong)])
        }
    }

    @Test(arguments: AddressFamily.allCases)
    func keepsNoMemoryForWhatNobodyReads(_ family: AddressFamily) throws {
        try NetworkNamespace.run {
            let transmitter = try RawTransmitter(family: family)
            var size: CInt = 0
            var length = socklen_t(MemoryLayout<CInt>.size)
            getsockopt(transmitter.fileDescriptor, SOL_SOCKET, SO_RCVBUF, &size, &length)
            #expect(0 < size && size < 8192)
        }
    }

    @Test
    func saysWhenItsPacketsTakeOtherRoutesThanEverybodys() throws {
        try NetworkNamespace.run {
            let transmitter = try RawTransmitter(family: .ipv4)
            try transmitter.requireUnbound()

            var loopback = CInt(try NetworkDevice(named: "lo").index)
            let size = socklen_t(MemoryLayout<CInt>.size)
            let fileDescriptor = transmitter.fileDescriptor
            // As `ip vrf exec` has it done to every socket.
            let code = setsockopt(fileDescriptor, SOL_SOCKET, CLINUX_SO_BINDTOIFINDEX, &loopback, size)
            #expect(code == 0)
            let error = #expect(throws: SystemCallError.self) { try transmitter.requireUnbound() }
            #expect(error?.description.contains("it is bound to interface 1 (a VRF?)") == true)
        }
    }

    @Test
    func connectedRawSocketExchangesPayloads() throws {
        try NetworkNamespace.run {
            let socket = try RawSocket(
                protocolNumber: ProtocolNumber.ipv6,
                connectedTo: .ipv4(Self.loopback)
            )
            try socket.send(([9, 8] as [UInt8]).span.bytes)
            try Delivery.wait()

            let batch = try ReceiveBatch(slotSize: 2048, headroom: 0)
            #expect(try batch.receive(from: socket.fileDescriptor) == 1)
            let packet = try IPv4Packet(batch.payload(at: 0))
            #expect(packet.payload.octets == [9, 8])
            #expect(try socket.localAddress() == .ipv4(Self.loopback))
        }
    }
}
