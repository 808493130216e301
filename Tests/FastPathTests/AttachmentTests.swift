import CLinux
import FastPath
import Glibc
import LinuxIO
import SystemPackage
import Testing
import Wire

@testable import LinuxIO

@Suite(
    "Programs at devices",
    .enabled(if: NetworkNamespace.takesPrograms, NetworkNamespace.programRequirement)
)
struct AttachmentTests {
    /// A link that a packet comes in on, and whose program counts what it leaves alone.
    private final class Scene {
        private var netlink: RouteNetlink
        private static let ipv4: UInt16 = 0x0800

        private let socket: OwnedDescriptor
        /// Is shown packets of IPv4 that come in, after programs were.
        private let receiver: OwnedDescriptor
        let cable: Cable
        let programs: FastPathPrograms

        init() throws {
            var netlink = try RouteNetlink()
            self.cable = try Cable(&netlink)
            self.netlink = netlink
            self.programs = try FastPathPrograms()
            let kind = CInt(SOCK_RAW.rawValue)
            self.socket = try OwnedDescriptor("socket") { Glibc.socket(AF_PACKET, kind, 0) }
            self.receiver = try OwnedDescriptor("socket") {
                Glibc.socket(AF_PACKET, kind, CInt(Self.ipv4.bigEndian))
            }
            var patience = timeval(tv_sec: 10, tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            setsockopt(self.receiver.rawValue, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        }

        /// Sends a packet of 6in4 over the cable, and waits until it is there; a daemon that never said that it lives has it left alone.
        ///
        /// It is sent again where it is lost: what has come and waits for a processor stands in a queue with that of all the host's
        /// cables, which others may fill.
        func deliver() throws {
            for _ in 0..<5 {
                try self.send()
                do throws(SystemCallError) {
                    try self.awaitArrival()
                    return
                } catch {
                    guard error.errno == .resourceTemporarilyUnavailable else { throw error }
                }
            }
            try self.send()
            try self.awaitArrival()
        }

        private func send() throws {
            let inner = InnerPacket(
                source: IPv6Address(high: 1, low: 2),
                destination: IPv6Address(high: 3, low: 4)
            )
            let outer = OuterPacketFields(
                source: IPv4Address(198, 51, 100, 1),
                destination: IPv4Address(192, 0, 2, 1)
            )
            let frame = Ethernet.ipv4 + outer.octets(around: inner.octets)
            var place = sockaddr_ll()
            place.sll_family = UInt16(AF_PACKET)
            place.sll_ifindex = CInt(bitPattern: self.cable.far.index)
            place.sll_halen = 6
            let socket = self.socket.rawValue
            try withUnsafePointer(to: place) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    _ = try systemCall("sendto") {
                        sendto(
                            socket,
                            frame,
                            frame.count,
                            0,
                            address,
                            socklen_t(MemoryLayout<sockaddr_ll>.size)
                        )
                    }
                }
            }
        }

        private func awaitArrival() throws(SystemCallError) {
            var octets = [UInt8](repeating: 0, count: 256)
            try systemCall("recv") { recv(self.receiver.rawValue, &octets, octets.count, 0) }
        }

        /// How many packets the program saw.
        var seen: UInt64 { Self.seen(by: self.programs) }

        static func seen(by programs: FastPathPrograms) -> UInt64 {
            FastPathRefusal.allCases.reduce(0) { $0 + programs.tables.count(of: $1, .decapsulate) }
        }
    }

    @Test(arguments: [TrafficAttachment.Hold.link, .filter])
    func seePacketsAsLongAsTheyStandThere(_ hold: TrafficAttachment.Hold) throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let device = scene.cable.near.index

            try scene.deliver()
            let before = scene.seen
            var attachment: TrafficAttachment? = try TrafficAttachment(
                scene.programs.decapsulate,
                at: .ingress,
                of: device,
                by: hold
            )
            let holds = attachment?.hold
            try scene.deliver()
            let there = scene.seen
            attachment = nil
            try scene.deliver()

            #expect(holds == hold)
            #expect(before == 0)
            #expect(there == 1)
            #expect(scene.seen == 1)
        }
    }

    @Test func aFilterTakesThePlaceOfOneThatWasLeft() throws {
        try NetworkNamespace.run {
            let (old, new) = (try Scene(), try FastPathPrograms())
            let device = old.cable.near.index
            let left = try TrafficAttachment(old.programs.decapsulate, at: .ingress, of: device, by: .filter)

            let attachment = try TrafficAttachment(new.decapsulate, at: .ingress, of: device, by: .filter)
            try old.deliver()

            #expect(old.seen == 0)
            #expect(Scene.seen(by: new) == 1)
            withExtendedLifetime((left, attachment)) {}
        }
    }

    @Test func whatWasLeftCanBeTakenAway() throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let device = scene.cable.near.index
            let left = try TrafficAttachment(
                scene.programs.decapsulate,
                at: .ingress,
                of: device,
                by: .filter
            )

            TrafficAttachment.removeLeftover(at: .ingress, of: device)
            try scene.deliver()

            #expect(scene.seen == 0)
            withExtendedLifetime(left) {}
        }
    }

    @Test func aDeviceThatIsNotThereIsSaid() throws {
        try NetworkNamespace.run {
            let programs = try FastPathPrograms()
            #expect(throws: SystemCallError.self) {
                try TrafficAttachment(programs.decapsulate, at: .ingress, of: 4711)
            }
        }
    }
}
