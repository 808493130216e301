import SystemPackage
import Testing
import Wire

@testable import LinuxIO

@Suite("Offloads", .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
struct OffloadTests {
    private static let loopback: [AddressFamily: IPAddress] = [
        .ipv4: .ipv4(IPv4Address(127, 0, 0, 1)), .ipv6: .ipv6(.loopback),
    ]

    /// Sends datagrams as one run from one port to another.
    private static func sendRun(
        _ payloads: [[UInt8]],
        _ family: AddressFamily,
        segmentSize: UInt16
    ) throws -> (TransmitBatch.Outcome, TransmitBatch.Failure?) {
        let address = try #require(Self.loopback[family])
        let sender = try UDPSocket(port: 5073, family: family)
        try sender.prepareForSegments(hopLimit: 64)
        let batch = TransmitBatch(capacity: 128)
        let octets = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
        defer { octets.deallocate() }
        batch.beginSegments(
            TransmitBatch.Segments(
                from: address,
                to: address,
                port: 5072,
                trafficClass: 0xb9,
                segmentSize: segmentSize
            )
        )
        var offset = 0
        for payload in payloads {
            let room = UnsafeMutableRawBufferPointer(rebasing: octets[offset..<offset + payload.count])
            room.copyBytes(from: payload)
            batch.appendSegment(try #require(UnsafeRawPointer(room.baseAddress)), length: payload.count)
            offset += payload.count
        }
        let outcome = batch.flush(on: -1, segmentsOn: sender.fileDescriptor)
        try Delivery.wait()
        return (outcome, outcome.failed > 0 ? batch.failure(at: 0) : nil)
    }

    @Test(arguments: AddressFamily.allCases)
    func runIsReceivedDatagramByDatagram(_ family: AddressFamily) throws {
        try NetworkNamespace.run {
            let receiver = try UDPSocket(port: 5072, family: family)
            let received = try ReceiveBatch(capacity: 64, slotSize: 2048, headroom: 64)
            let payloads = (0..<40).map { [UInt8](repeating: $0, count: $0 < 39 ? 1000 : 7) }

            let (outcome, _) = try Self.sendRun(payloads, family, segmentSize: 1000)

            #expect(outcome == TransmitBatch.Outcome(sent: 40, failed: 0))
            #expect(try received.receive(from: receiver.fileDescriptor) == 40)
            #expect((0..<40).map { received.payload(at: $0).octets } == payloads)
            #expect(received.datagram(at: 39).source == Self.loopback[family])
            #expect(received.datagram(at: 39).sourcePort == 5073)
            #expect(received.datagram(at: 39).trafficClass == 0xb9)
            #expect(received.datagram(at: 39).hopLimit == 64)
        }
    }

    @Test func runThatIsTooLongForTheLinkIsReportedWhole() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            try netlink.setMTU(1280, of: NetworkDevice(named: "lo"))
            let payloads = [[UInt8]](repeating: [UInt8](repeating: 7, count: 1300), count: 3)

            let (outcome, failure) = try Self.sendRun(payloads, .ipv4, segmentSize: 1300)

            #expect(outcome == TransmitBatch.Outcome(sent: 0, failed: 1))
            #expect(failure?.packets == 3)
        }
    }

    @Test func singlePacketsAndRunsKeepTheirOrder() throws {
        try NetworkNamespace.run {
            let receiver = try UDPSocket(port: 5072, family: .ipv4)
            let received = try ReceiveBatch(capacity: 64, slotSize: 2048, headroom: 64)
            let address = try #require(Self.loopback[.ipv4])
            let sender = try UDPSocket(port: 5073, family: .ipv4)
            let batch = TransmitBatch(capacity: 8)
            let octets = UnsafeMutableRawBufferPointer.allocate(byteCount: 6, alignment: 8)
            defer { octets.deallocate() }
            octets.copyBytes(from: [0, 1, 2, 3, 4, 5])
            let start = try #require(UnsafeRawPointer(octets.baseAddress))
            let run = TransmitBatch.Segments(
                from: address,
                to: address,
                port: 5072,
                trafficClass: 0,
                segmentSize: 1
            )

            batch.append(start, length: 1, to: address, port: 5072)
            batch.beginSegments(run)
            batch.appendSegment(start + 1, length: 1)
            batch.appendSegment(start + 2, length: 1)
            batch.append(start + 3, length: 1, to: address, port: 5072)
            batch.append(start + 4, length: 1, to: address, port: 5072)
            let outcome = batch.flush(on: sender.fileDescriptor, segmentsOn: sender.fileDescriptor)
            try Delivery.wait()

            #expect(outcome == TransmitBatch.Outcome(sent: 5, failed: 0))
            #expect(try received.receive(from: receiver.fileDescriptor) == 5)
            #expect((0..<5).map { received.payload(at: $0).octets } == [[0], [1], [2], [3], [4]])
        }
    }

    // MARK: - The TUN device

    @Test func asksForLessUntilSomethingIsGranted() {
        var asked: [TUNOffloads] = []
        let granted = TUNOffloads.best { offloads in
            asked.append(offloads)
            return !offloads.contains(.udp) && !offloads.contains(.tcpWithECN)
        }

        #expect(granted == [.checksum, .tcp])
        #expect(asked.count == 3)
    }

    @Test func doesWithoutWhenNothingIsGranted() {
        #expect(TUNOffloads.best { _ in false } == [])
    }

    @Test func areGrantedByThisKernel() throws {
        try NetworkNamespace.run {
            let plain = try TUNDevice(name: "sxtun0")
            let device = try TUNDevice(name: "sxtun1", wantsOffloads: true)

            #expect(plain.offloads == nil)
            #expect(plain.headerLength == 0)
            #expect(device.offloads?.isSuperset(of: [.checksum, .tcp]) == true)
            #expect(device.headerLength == VirtioNetHeader.length)
        }
    }
}
