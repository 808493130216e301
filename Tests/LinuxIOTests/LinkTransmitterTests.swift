import CLinux
import Glibc
import SystemPackage
import Testing
import Wire

@testable import LinuxIO

@Suite("Packets straight to a link")
struct LinkTransmitterTests {
    private static let own = IPv4Address(192, 0, 2, 1)
    private static let there = IPv4Address(203, 0, 113, 10)
    private static let address = LinkAddress(0x0200_00ab_cdef)
    private static let everyProtocol: UInt16 = 3

    /// A cable, and a socket that sees what arrives at its far end.
    private final class Scene {
        var netlink: RouteNetlink
        let cable: Cable
        let receiver: OwnedDescriptor

        init() throws {
            var netlink = try RouteNetlink()
            self.cable = try Cable(&netlink)
            try netlink.addIPv4Address(LinkTransmitterTests.own, to: self.cable.near)
            self.netlink = netlink
            let kind = CInt(SOCK_RAW.rawValue | SOCK_NONBLOCK.rawValue)
            self.receiver = try OwnedDescriptor("socket") { socket(AF_PACKET, kind, 0) }
            var name = sockaddr_ll()
            name.sll_family = UInt16(AF_PACKET)
            name.sll_protocol = LinkTransmitterTests.everyProtocol.bigEndian
            name.sll_ifindex = CInt(bitPattern: self.cable.far.index)
            let receiver = self.receiver.rawValue
            try withUnsafePointer(to: name) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    _ = try systemCall("bind") {
                        bind(receiver, address, socklen_t(MemoryLayout<sockaddr_ll>.size))
                    }
                }
            }
        }

        func hop(mtu: Int = 1500) -> NextHop {
            NextHop(interface: self.cable.near.index, address: LinkTransmitterTests.address, mtu: mtu)
        }

        /// So many frames that arrive, but for what the kernel sends by itself; fewer when no more come.
        func frames(_ count: Int) -> [[UInt8]] {
            var frames: [[UInt8]] = []
            while frames.count < count {
                var wanted = pollfd(fd: self.receiver.rawValue, events: Int16(POLLIN), revents: 0)
                guard poll(&wanted, 1, 2000) == 1 else { break }
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = recv(self.receiver.rawValue, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                if buffer[12] == 0x08, buffer[13] == 0 { frames.append(Array(buffer.prefix(count))) }
            }
            return frames
        }
    }

    /// A packet of protocol 41 whose header is complete.
    private static func packet(_ payload: [UInt8]) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: 20) + payload
        let header = IPv4Header(
            trafficClass: 0xb9,
            totalLength: UInt16(octets.count),
            timeToLive: 64,
            protocolNumber: ProtocolNumber.ipv6,
            source: Self.own,
            destination: Self.there
        )
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        header.encode(into: &bytes, at: 0)
        return octets
    }

    /// Sends packets, those without a next hop through the IP stack.
    private static func send(
        _ packets: [([UInt8], NextHop?)]
    ) throws -> (outcome: TransmitBatch.Outcome, failures: [TransmitBatch.Failure]) {
        let link = try LinkTransmitter()
        let raw = try RawTransmitter(family: .ipv4)
        let batch = TransmitBatch()
        let octets = packets.flatMap(\.0)
        return octets.withUnsafeBytes { memory in
            var place = 0
            for (packet, hop) in packets {
                let start = memory.baseAddress.map { $0 + place }
                place += packet.count
                guard let start else { continue }
                if let hop {
                    batch.append(start, length: packet.count, straightTo: hop)
                } else {
                    batch.append(start, length: packet.count, to: .ipv4(Self.there))
                }
            }
            let outcome = batch.flush(on: raw.fileDescriptor, linksOn: link.fileDescriptor)
            return (outcome, (0..<outcome.failed).map { batch.failure(at: $0) })
        }
    }

    @Test(.enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
    func arriveAsTheyAreBehindTheLinksHeader() throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let packets = (0..<64).map { Self.packet([UInt8](repeating: UInt8($0), count: 30 + $0)) }

            let (outcome, _) = try Self.send(packets.map { ($0, scene.hop()) })

            #expect(outcome == TransmitBatch.Outcome(sent: 64, failed: 0))
            let frames = scene.frames(64)
            #expect(frames.map { Array($0.dropFirst(14)) } == packets)
            #expect(frames.allSatisfy { $0.prefix(6) == [0x02, 0, 0, 0xab, 0xcd, 0xef] })
        }
    }

    @Test(.enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
    func keepTheirPlaceAmongThoseThatTakeTheIPStack() throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let gateway = IPv4Address(192, 0, 2, 2)
            try scene.netlink.addNeighbour(gateway, [2, 0, 0, 0, 0, 2], on: scene.cable.near)
            try scene.netlink.addIPv4Route(to: Self.there, prefixLength: 32, via: gateway)
            let hops = [nil, scene.hop(), scene.hop(), nil, nil, scene.hop()]

            let (outcome, _) = try Self.send(hops.enumerated().map { (Self.packet([UInt8($0)]), $1) })

            #expect(outcome == TransmitBatch.Outcome(sent: 6, failed: 0))
            let frames = scene.frames(6)
            #expect(frames.map { $0[34] } == [0, 1, 2, 3, 4, 5])
            #expect(frames.map { $0[5] } == [2, 0xef, 0xef, 2, 2, 0xef])
        }
    }

    @Test(.enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
    func costOnlyThemselvesWhenTheyCannotGo() throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            var gone = scene.hop()
            gone.interface = 9999
            let fits = Self.packet([UInt8](repeating: 1, count: 1480))
            let isLonger = Self.packet([UInt8](repeating: 2, count: 1481))

            let (outcome, failures) = try Self.send(
                [
                    (isLonger, scene.hop()), (fits, scene.hop()), (fits, gone), (fits, nil),
                    (fits, scene.hop()),
                ]
            )

            #expect(outcome == TransmitBatch.Outcome(sent: 2, failed: 3))
            #expect(failures.map(\.errno) == [.messageTooLong, Errno(rawValue: ENXIO), .networkUnreachable])
            #expect(failures.map(\.index) == [0, 2, 3])
            #expect(failures.map(\.wasForLink) == [true, true, false])
            #expect(scene.frames(2).count == 2)

            try scene.netlink.setLink(scene.cable.near, isUp: false)
            let (_, afterwards) = try Self.send([(fits, scene.hop())])
            #expect(afterwards.map(\.errno) == [Errno(rawValue: ENETDOWN)])
        }
    }

    @Test(.enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
    func needAPrivilege() throws {
        try Thread.run {
            try Privileges.drop(to: nil, keeping: [.networkAdministration])
            let error = #expect(throws: SystemCallError.self) { _ = try LinkTransmitter() }
            #expect(
                error?.description.hasPrefix(
                    "packet socket for IPv4: packet sockets need root or CAP_NET_RAW"
                ) == true
            )
        }
    }
}
