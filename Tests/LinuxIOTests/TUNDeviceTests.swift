import Glibc
import LinuxIO
import Synchronization
import SystemPackage
import Testing
import Wire

/// Has a device until it is told to let go of it.
private final class Holder: Sendable {
    private let device: Mutex<TUNDevice?>

    init(_ device: consuming sending TUNDevice) {
        self.device = Mutex(device)
    }

    func letGo() {
        self.device.withLock { $0 = nil }
    }
}

@Suite("TUN device and rtnetlink", .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
struct TUNDeviceTests {
    static func address(_ text: String) throws -> IPv6Address { try IPv6Address(parsing: text) }

    /// A device that is up with the address 2001:db8:1::2/64.
    static func device(_ netlink: inout RouteNetlink) throws -> TUNDevice {
        let tun = try TUNDevice(name: "sxtun0")
        let device = try NetworkDevice(named: tun.name)
        try netlink.disableAddressGeneration(of: device)
        try netlink.setMTU(1428, of: device)
        try netlink.addAddress(Self.address("2001:db8:1::2"), prefixLength: 64, to: device)
        try netlink.bringUp(device)
        return tun
    }

    /// All packets that the kernel sends into the device within a moment.
    static func drain(_ tun: borrowing TUNDevice) throws -> [[UInt8]] {
        let poller = try Poller()
        try poller.add(tun.fileDescriptor, token: 0)
        var packets: [[UInt8]] = []
        while try poller.wait(timeoutInMilliseconds: 100) > 0 {
            var buffer = [UInt8](repeating: 0, count: 2048)
            var span = buffer.mutableSpan
            var bytes = span.mutableBytes
            if let count = try tun.read(into: &bytes) { packets.append(Array(buffer.prefix(count))) }
        }
        return packets
    }

    /// So many answers to pings, in their order; whatever else the kernel says is passed over.
    ///
    /// The kernel answers when it gets to it, which on a busy machine is some time after the question.
    static func answers(_ tun: borrowing TUNDevice, count: Int) throws -> [[UInt8]] {
        let poller = try Poller()
        try poller.add(tun.fileDescriptor, token: 0)
        var packets: [[UInt8]] = []
        while packets.count < count, try poller.wait(timeoutInMilliseconds: 10_000) > 0 {
            var buffer = [UInt8](repeating: 0, count: 2048)
            var span = buffer.mutableSpan
            var bytes = span.mutableBytes
            guard let length = try tun.read(into: &bytes), Self.isAnswer(buffer) else { continue }
            packets.append(Array(buffer.prefix(length)))
        }
        return packets
    }

    /// Whether a packet is an echo reply without extension headers.
    static func isAnswer(_ packet: [UInt8]) -> Bool {
        packet.count > 40 && packet[6] == ProtocolNumber.icmpv6
            && packet[40] == ICMPv6Message.MessageType.echoReply
    }

    /// An echo request from one address to another, with a body of 0x00, 0x01 and so on.
    static func echoRequest(
        from source: IPv6Address,
        to destination: IPv6Address,
        body length: Int = 4
    ) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: 48) + (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        IPv6Header(
            payloadLength: UInt16(8 + length),
            nextHeader: ProtocolNumber.icmpv6,
            hopLimit: 64,
            source: source,
            destination: destination
        ).encode(into: &bytes, at: 0)
        ICMPv6Message.encodeHeader(
            into: &bytes,
            at: 40,
            type: ICMPv6Message.MessageType.echoRequest,
            code: 0,
            parameter: 0x1234_0001,
            bodyLength: length,
            addresses: (source, destination)
        )
        return octets
    }

    @Test
    func kernelAnswersAPingThatIsWritten() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try Self.device(&netlink)
            _ = try Self.drain(tun)
            let us = try Self.address("2001:db8:1::2")
            let them = try Self.address("2001:db8:1::1")

            try tun.write(Self.echoRequest(from: them, to: us).span.bytes)

            let answer = try #require(try Self.answers(tun, count: 1).first)
            let packet = try IPv6Packet(answer.span.bytes)
            let message = try ICMPv6Message(
                packet.payload,
                source: packet.source,
                destination: packet.destination
            )
            #expect(packet.source == us)
            #expect(packet.destination == them)
            #expect(message.type == ICMPv6Message.MessageType.echoReply)
            #expect(message.parameter == 0x1234_0001)
        }
    }

    @Test
    func kernelSendsNothingFromALinkLocalAddress() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try Self.device(&netlink)
            for octets in try Self.drain(tun) {
                #expect(try !IPv6Packet(octets.span.bytes).source.isLinkLocalUnicast)
            }
        }
    }

    @Test
    func readsNothingWhenNothingWaits() throws {
        try NetworkNamespace.run {
            let tun = try TUNDevice(name: "sxtun%d")
            var buffer = [UInt8](repeating: 0, count: 64)
            var span = buffer.mutableSpan
            var bytes = span.mutableBytes
            #expect(tun.name == "sxtun0")
            #expect(try tun.read(into: &bytes) == nil)
        }
    }

    @Test
    func refusesOctetsThatAreNoPacket() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try Self.device(&netlink)
            let error = #expect(throws: SystemCallError.self) { try tun.write(([0] as [UInt8]).span.bytes) }
            #expect(error?.errno == .invalidArgument)
            #expect(error?.subject == "sxtun0")
        }
    }

    @Test
    func saysThatAnotherProgramHasTheDevice() throws {
        try NetworkNamespace.run {
            let first = try TUNDevice(name: "sixxs")
            let error = #expect(throws: SystemCallError.self) { _ = try TUNDevice(name: "sixxs") }
            #expect(
                error?.description
                    == "sixxs: another program has this device open: is this one running already? (ioctl(TUNSETIFF): Device or resource busy)"
            )
            #expect(first.name == "sixxs")
        }
    }

    @Test
    func waitsForADeviceThatIsAboutToBeGivenUp() throws {
        try NetworkNamespace.run {
            let first = Holder(try TUNDevice(name: "sixxs"))
            let other = try Thread {
                usleep(100_000)
                first.letGo()
            }
            #expect(throws: Never.self) { _ = try TUNDevice(name: "sixxs") }
            try other.wait()
        }
    }

    @Test
    func saysThatTheNameIsNoTUNDevice() throws {
        try NetworkNamespace.run {
            let error = #expect(throws: SystemCallError.self) { _ = try TUNDevice(name: "lo") }
            #expect(error?.explanation == "this name belongs to an interface that is not a TUN device")
        }
    }

    @Test
    func addsListsReplacesAndRemovesRoutes() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try Self.device(&netlink)
            let device = try NetworkDevice(named: tun.name)
            let first = IPv6Route(
                to: try IPv6Prefix(parsing: "2001:db8:2ff::/48"),
                via: try Self.address("2001:db8:2ff:ffff::1"),
                device: device,
                metric: 512
            )
            var second = IPv6Route(to: try IPv6Prefix(parsing: "::/0"), device: device, metric: 1024)

            try netlink.addRoute(first)
            try netlink.addRoute(second)
            #expect(try Self.own(&netlink, are: [second, first]))

            second.gateway = try Self.address("2001:db8:1::1")
            try netlink.addRoute(second)
            #expect(try Self.own(&netlink, are: [second, first]))

            try netlink.removeRoute(first)
            #expect(try Self.own(&netlink, are: [second]))
        }
    }

    /// Whether the main table has these routes of ours, and no others.
    private static func own(_ netlink: inout RouteNetlink, are routes: [IPv6Route]) throws -> Bool {
        let own = try netlink.routes().filter { $0.origin == RouteNetlink.routeProtocol }
        return own.count == routes.count
            && routes.allSatisfy { route in own.contains { $0.isSame(as: route) } }
    }

    @Test
    func namesTheRouteThatCannotBeAdded() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try Self.device(&netlink)
            let route = IPv6Route(
                to: try IPv6Prefix(parsing: "2001:db8:2ff::/48"),
                via: try Self.address("2001:db8:2ff:ffff::1"),
                device: try NetworkDevice(named: tun.name)
            )
            try netlink.addRoute(route)

            var errors: [String] = []
            do { try netlink.addRoute(route, onConflict: .refuse) } catch { errors.append("\(error)") }
            try netlink.removeRoute(route)
            do { try netlink.removeRoute(route) } catch { errors.append("\(error)") }

            let name = "route 2001:db8:2ff::/48 via 2001:db8:2ff:ffff::1 dev sxtun0"
            #expect(
                errors == [
                    "adding \(name): File exists (RTM_NEWROUTE)",
                    "removing \(name): No such process (RTM_DELROUTE)",
                ]
            )
        }
    }

    @Test
    func passesOnTheKernelsOwnWords() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try Self.device(&netlink)
            let device = try NetworkDevice(named: tun.name)
            var text = ""
            do { try netlink.setMTU(10, of: device) } catch { text = "\(error)" }
            #expect(text.hasPrefix("setting MTU 10 of sxtun0: "))
            #expect(text.hasSuffix("Invalid argument)"))
            #expect(text.contains("mtu"), "extended acknowledgement: \(text)")
        }
    }

    @Test
    func removesAnAddressAndNamesOneThatIsNotThere() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try Self.device(&netlink)
            let device = try NetworkDevice(named: tun.name)
            let address = try Self.address("2001:db8:1::2")

            try netlink.removeAddress(address, prefixLength: 64, from: device)

            var text = ""
            do {
                try netlink.removeAddress(address, prefixLength: 64, from: device)
            } catch {
                text = "\(error)"
            }
            #expect(text.hasPrefix("removing address 2001:db8:1::2/64 dev sxtun0: "), "\(text)")
        }
    }

    @Test
    func deviceGoesWithTheValue() throws {
        try NetworkNamespace.run {
            do {
                let tun = try TUNDevice(name: "sxtun0")
                #expect(try NetworkDevice(named: tun.name).index > 1)
            }
            #expect(throws: SystemCallError.self) { try NetworkDevice(named: "sxtun0") }
        }
    }

    @Test
    func forwardingCanBeTurnedOn() throws {
        try NetworkNamespace.run {
            try Sysctl.set(.ipv6Forwarding, to: "1")
            #expect(try Sysctl.value(of: .ipv6Forwarding) == "1")
        }
    }
}
