import CLinux
import Glibc
import SystemPackage
import TestSupport
import Testing
import Wire

@testable import LinuxIO

@Suite(
    "What the kernel knows of packets that arrived",
    .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement)
)
struct TapReaderTests {
    private static let second: UInt64 = 1_000_000_000
    private static let place = VirtioNetHeader.Checksum(start: 40, offset: 6)

    /// A cable, and a socket that lays frames on its near end, with what the kernel is to know of them.
    private final class Scene {
        private let sender: OwnedDescriptor
        private let farAddress: [UInt8]

        init(_ number: Int = 1) throws {
            var netlink = try RouteNetlink()
            let cable = try Cable(&netlink, from: "near\(number)", to: "far\(number)")
            self.sender = try OwnedDescriptor("socket") { socket(AF_PACKET, CInt(SOCK_RAW.rawValue), 0) }
            let sender = self.sender.rawValue
            var yes: CInt = 1
            try systemCall("setsockopt") {
                setsockopt(sender, 263, PACKET_VNET_HDR, &yes, socklen_t(MemoryLayout<CInt>.size))
            }
            try Scene.bind(self.sender.rawValue, to: cable.near)
            self.farAddress = try Scene.address(of: cable.far)
        }

        private static func bind(_ fileDescriptor: CInt, to device: NetworkDevice) throws {
            var name = sockaddr_ll()
            name.sll_family = UInt16(AF_PACKET)
            name.sll_ifindex = CInt(bitPattern: device.index)
            try withUnsafePointer(to: name) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    _ = try systemCall("bind") {
                        Glibc.bind(fileDescriptor, address, socklen_t(MemoryLayout<sockaddr_ll>.size))
                    }
                }
            }
        }

        /// The link's address, which a socket that is bound to it tells.
        private static func address(of device: NetworkDevice) throws -> [UInt8] {
            let bound = try OwnedDescriptor("socket") { socket(AF_PACKET, CInt(SOCK_RAW.rawValue), 0) }
            try Self.bind(bound.rawValue, to: device)
            let descriptor = bound.rawValue
            var name = sockaddr_ll()
            var length = socklen_t(MemoryLayout<sockaddr_ll>.size)
            try withUnsafeMutablePointer(to: &name) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    _ = try systemCall("getsockname") { getsockname(descriptor, address, &length) }
                }
            }
            return withUnsafeBytes(of: name.sll_addr) { Array($0.prefix(6)) }
        }

        /// Sends an IP packet; with the offset of a checksum, from the IP header on, as one that is not complete there.
        func send(_ packet: [UInt8], unfinishedAt start: Int? = nil) throws {
            var header = [UInt8](repeating: 0, count: VirtioNetHeader.length)
            if let start {
                header[0] = 1
                header[6] = UInt8(14 + start)
                header[8] = 6
            }
            let type: [UInt8] = packet[0] >> 4 == 4 ? [0x08, 0x00] : [0x86, 0xdd]
            let addresses = self.farAddress + [2, 0, 0, 0, 0, 1]
            let frame = header + addresses + type + packet
            try systemCall("send") { Glibc.send(self.sender.rawValue, frame, frame.count, 0) }
        }
    }

    /// UDP over IPv6, whose checksum is the bare sum of the pseudo-header, plus a difference.
    private static func inner(_ number: UInt8 = 0, error: UInt16 = 0, flow: UInt16 = 40000) -> [UInt8] {
        let addresses = [0x20, 0x01] + [UInt8](repeating: number, count: 30)
        let length = 8 + 100
        var sum = UInt32(length) + 17
        for index in stride(from: 0, to: 32, by: 2) {
            sum += UInt32(addresses[index]) << 8 | UInt32(addresses[index + 1])
        }
        while sum > 0xffff { sum = (sum & 0xffff) + sum >> 16 }
        let field = UInt16(sum) &+ error
        return [0x60, 0, 0, 0, 0, UInt8(length), 17, 64] + addresses + [UInt8(flow >> 8), UInt8(flow & 0xff)]
            + [0, 9, 0, UInt8(length), UInt8(field >> 8), UInt8(field & 0xff)]
            + [UInt8](repeating: number, count: 100)
    }

    private static func ipv4(_ payload: [UInt8], _ kind: UInt8 = 41, from source: UInt8 = 1) -> [UInt8] {
        let length = 20 + payload.count
        return [0x45, 0, UInt8(length >> 8), UInt8(length & 0xff), 0, 1, 0x40, 0, 64, kind, 0, 0]
            + [192, 0, 2, source, 192, 0, 2, 200] + payload
    }

    private static func ipv6(_ payload: [UInt8], _ kind: UInt8 = 41, from source: UInt8 = 1) -> [UInt8] {
        [0x60, 0, 0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 0xff), kind, 64]
            + [UInt8](repeating: 0x20, count: 15) + [source] + [UInt8](repeating: 0x30, count: 16) + payload
    }

    /// What is said of a packet, once all was delivered.
    private static func header(
        _ reader: TapReader,
        _ inner: [UInt8],
        behind outerLength: Int = 20,
        at now: UInt64 = second
    ) throws -> VirtioNetHeader? {
        try Self.wait(for: reader, at: now)
        return Self.ask(reader, inner, behind: outerLength, at: now)
    }

    /// What is said of a packet by now.
    private static func ask(
        _ reader: TapReader,
        _ inner: [UInt8],
        behind outerLength: Int = 20,
        at now: UInt64
    ) -> VirtioNetHeader? {
        reader.header(of: inner.span.bytes, behind: outerLength, at: now)
    }

    private static func wait(for reader: TapReader, at now: UInt64 = second) throws {
        try Delivery.wait()
        try #require(reader.hasNews(at: now), "nothing was shown to the tap")
    }

    struct Shape: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let front: [UInt8]
        let isIPv4: Bool

        var outerLength: Int { (self.isIPv4 ? 20 : 40) + self.front.count }

        func packet(_ inner: [UInt8]) -> [UInt8] {
            let kind: UInt8 = self.front.isEmpty ? 41 : 47
            return self.isIPv4 ? ipv4(self.front + inner, kind) : ipv6(self.front + inner, kind)
        }
    }

    // swift-format-ignore
    static let shapes = [true, false].flatMap { isIPv4 in [
        Shape(testDescription: "6in4",               front: [],                                isIPv4: isIPv4),
        Shape(testDescription: "GRE",                front: [0, 0, 0x86, 0xdd],                isIPv4: isIPv4),
        Shape(testDescription: "GRE with a key",     front: [0x20, 0, 0x86, 0xdd, 0, 0, 0, 7], isIPv4: isIPv4),
        Shape(testDescription: "GRE with all three", front: [0xb0, 0, 0x86, 0xdd] + [UInt8](repeating: 7, count: 12), isIPv4: isIPv4),
    ] }

    @Test(arguments: shapes) func isSaidOfWhatIsNotComplete(_ shape: Shape) throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let reader = try TapReader(try LinkTap())
            let inner = Self.inner()

            try scene.send(shape.packet(inner), unfinishedAt: shape.outerLength + 40)

            let header = try Self.header(reader, inner, behind: shape.outerLength)
            #expect(header == VirtioNetHeader(checksum: Self.place))
            #expect(!reader.hasNews(at: Self.second) && reader.isComplete(at: Self.second))
        }
    }

    @Test(arguments: shapes) func isNothingOfWhatOnlyLooksSo(_ shape: Shape) throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let reader = try TapReader(try LinkTap())
            let inner = Self.inner()

            try scene.send(shape.packet(inner))

            #expect(try Self.header(reader, inner, behind: shape.outerLength) == VirtioNetHeader())
        }
    }

    // swift-format-ignore
    static let others: [(String, [UInt8])] = [
        ("another checksum",        ipv4(inner(error: 1))),
        ("another protocol",        ipv4(inner(), 50)),
        ("options of IPv4",         ipv4(inner()).with(0x46, at: 0)),
        ("a fragment",              ipv4(inner()).with(0x20, at: 6)),
        ("a later fragment",        ipv4(inner()).with(0x01, at: 7)),
        ("IPv4 inside",             ipv4(inner().with(0x45, at: 0))),
        ("GRE of IPv4",             ipv4([0, 0, 0x08, 0x00] + inner(), 47)),
        ("GRE of another version",  ipv4([0, 1, 0x86, 0xdd] + inner(), 47)),
        ("an ICMPv6 message",       ipv4(inner().with(58, at: 6))),
        ("too short a packet",      ipv4(Array(inner().prefix(47)))),
        ("nothing inside",          ipv4([])),
    ]

    @Test(arguments: others) func isNotEvenLookedForOf(_ what: String, _ packet: [UInt8]) throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let reader = try TapReader(try LinkTap())
            let last = Self.inner(9)

            try scene.send(packet)
            try scene.send(Self.ipv4(last))

            // The first that is shown is the last.
            #expect(try Self.header(reader, last) == VirtioNetHeader())
            #expect(!reader.hasNews(at: Self.second))
        }
    }

    @Test func isFoundInAnyOrder() throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let reader = try TapReader(try LinkTap())
            for number: UInt8 in 0..<100 {
                try scene.send(Self.ipv4(Self.inner(number)), unfinishedAt: number % 2 == 0 ? 60 : nil)
            }

            for number: UInt8 in (0..<100).reversed() {
                let found = try Self.header(reader, Self.inner(number))
                #expect(
                    found == VirtioNetHeader(checksum: number % 2 == 0 ? Self.place : nil),
                    "packet \(number)"
                )
            }
            #expect(!reader.hasNews(at: Self.second))
        }
    }

    /// Filters keep packets from the sockets that were shown to the tap.
    @Test func isForgottenWhenNobodyAsks() throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let reader = try TapReader(try LinkTap())
            for number: UInt8 in 0..<200 {
                try scene.send(Self.ipv4(Self.inner(number)), unfinishedAt: 60)
            }
            #expect(try Self.header(reader, Self.inner(100)) != nil)

            for round: UInt64 in 2..<6 { reader.forgetOld(at: round * Self.second) }

            #expect(!reader.hasNews(at: 6 * Self.second))
            #expect(Self.ask(reader, Self.inner(3), at: 6 * Self.second) == nil)
            #expect(Self.ask(reader, Self.inner(150), at: 6 * Self.second) == nil)
            try scene.send(Self.ipv4(Self.inner(201)), unfinishedAt: 60)
            let header = try Self.header(reader, Self.inner(201), at: 6 * Self.second)
            #expect(header == VirtioNetHeader(checksum: Self.place))
        }
    }

    /// A bridge, a bond or a VLAN shows each packet again that its link has shown.
    @Test func isNotKeptTwiceOfWhatIsShownAgain() throws {
        try NetworkNamespace.run {
            let link = try Scene()
            let bridge = try Scene(2)
            let reader = try TapReader(try LinkTap())
            for number: UInt16 in 0..<900 {
                let packet = Self.ipv4(Self.inner(UInt8(number & 0xff), flow: number))
                try link.send(packet, unfinishedAt: 60)
                try bridge.send(packet, unfinishedAt: 60)
            }
            try Delivery.wait()

            // Those before the first are kept.
            let order: [UInt16] = [200, 100] + Array(201..<900)
            for number in order {
                let inner = Self.inner(UInt8(number & 0xff), flow: number)
                let found = Self.ask(reader, inner, at: Self.second)
                #expect(found == VirtioNetHeader(checksum: Self.place), "packet \(number)")
            }
            #expect(reader.isComplete(at: Self.second))
            reader.forgetOld(at: 9 * Self.second)
            #expect(!reader.hasNews(at: 9 * Self.second))
        }
    }

    /// The same packet twice on one link are two.
    @Test func isKeptOfEachOfTwoThatAreAlike() throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let reader = try TapReader(try LinkTap())
            for _ in 0..<2 { try scene.send(Self.ipv4(Self.inner()), unfinishedAt: 60) }

            #expect(try Self.header(reader, Self.inner()) == VirtioNetHeader(checksum: Self.place))
            #expect(try Self.header(reader, Self.inner()) == VirtioNetHeader(checksum: Self.place))
            #expect(!reader.hasNews(at: Self.second))
        }
    }

    /// More than can be kept while their packets do not come, as when filters drop a flood of them.
    @Test func isIncompleteWhereTooMuchWaits() throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let reader = try TapReader(try LinkTap())
            for number: UInt16 in 0..<600 {
                try scene.send(Self.ipv4(Self.inner(UInt8(number & 0xff), flow: number)))
            }
            try scene.send(Self.ipv4(Self.inner(9, flow: 1000)), unfinishedAt: 60)

            #expect(try Self.header(reader, Self.inner(9, flow: 1000)) == nil)
            #expect(!reader.isComplete(at: Self.second))
            #expect(Self.ask(reader, Self.inner(7, flow: 7), at: Self.second) == VirtioNetHeader())
            for time: UInt64 in 4..<8 {
                _ = Self.ask(reader, Self.inner(8, flow: 2000), at: time * Self.second)
            }
            let found = Self.ask(reader, Self.inner(9, flow: 1000), at: 8 * Self.second)
            #expect(found == VirtioNetHeader(checksum: Self.place))
        }
    }

    /// More than there are frames for: what was lost is guessed for a while, and then nothing is.
    @Test func isIncompleteAfterALoss() throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let reader = try TapReader(try LinkTap())
            let lost = Self.inner(250)
            for number in 0..<2 * Int(CLINUX_TAP_FRAMES) {
                try scene.send(Self.ipv4(Self.inner(UInt8(number % 200))))
            }
            try scene.send(Self.ipv4(lost), unfinishedAt: 60)
            try Self.wait(for: reader)
            #expect(reader.isComplete(at: Self.second), "nobody has asked yet")

            var now = Self.second
            while Self.ask(reader, lost, at: now) == nil, now < 2 * Self.second {
                now += Self.second / 8
            }

            #expect(!reader.isComplete(at: now))
            for _ in 0..<100 where !reader.isComplete(at: now) {
                now += Self.second
                reader.forgetOld(at: now)
            }
            #expect(reader.isComplete(at: now))
            try scene.send(Self.ipv4(lost), unfinishedAt: 60)
            #expect(try Self.header(reader, lost, at: now) == VirtioNetHeader(checksum: Self.place))
        }
    }

    @Test func isSharedAsWhatRawSocketsReceive() throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let count = 3
            let readers = try LinkTap.open(shares: count).map { tap throws(SystemCallError) in
                try TapReader(tap)
            }
            for number: UInt8 in 0..<60 {
                try scene.send(Self.ipv4(Self.inner(number), from: number), unfinishedAt: 60)
                try scene.send(Self.ipv6(Self.inner(100 + number), from: number), unfinishedAt: 80)
            }

            for number: UInt8 in 0..<60 {
                let share4 = Self.share(of: UInt32(192) << 24 | 2 << 8 | UInt32(number), of: count)
                #expect(try Self.header(readers[share4], Self.inner(number)) != nil, "IPv4 from \(number)")
                let words: [UInt32] = [0x2020_2020, 0x2020_2020, 0x2020_2020, 0x2020_2000 | UInt32(number)]
                let share6 = Self.share(of: words.reduce(0, ^), of: count)
                let inner = Self.inner(100 + number)
                #expect(try Self.header(readers[share6], inner, behind: 40) != nil, "IPv6 from \(number)")
            }
            #expect(readers.allSatisfy { !$0.hasNews(at: Self.second) })
        }
    }

    /// As the filter of raw sockets has it.
    private static func share(of source: UInt32, of count: Int) -> Int {
        (Int((source &* 0x9e37_79b9) >> 16) * count) >> 16
    }

    @Test func needsAPrivilege() throws {
        try Thread.run {
            try Privileges.drop(to: nil, keeping: [.networkAdministration])
            let error = #expect(throws: SystemCallError.self) { _ = try LinkTap() }
            #expect(error?.description.contains("packet sockets need root or CAP_NET_RAW") == true)
        }
    }

    // MARK: - Guesses

    private static func ask(_ arrivals: Arrivals, _ inner: [UInt8]) -> VirtioNetHeader? {
        arrivals.header(of: inner.span.bytes, behind: 20, at: Self.second)
    }

    @Test func isGuessedWithoutATap() throws {
        let arrivals = try Arrivals(nil)

        #expect(arrivals.haveNews(at: Self.second))
        #expect(Self.ask(arrivals, Self.inner()) == VirtioNetHeader(checksum: Self.place))
        #expect(Self.ask(arrivals, Self.inner(error: 1)) == nil)
    }

    @Test func isNotGuessedWithOne() throws {
        try NetworkNamespace.run {
            let scene = try Scene()
            let arrivals = try Arrivals(try LinkTap())
            #expect(!arrivals.haveNews(at: Self.second))
            try scene.send(Self.ipv4(Self.inner()))
            try Delivery.wait()

            #expect(arrivals.haveNews(at: Self.second))
            #expect(Self.ask(arrivals, Self.inner()) == nil)
            #expect(Self.ask(arrivals, Self.inner(5)) == nil)
        }
    }
}

extension [UInt8] {
    /// These octets with one replaced.
    fileprivate func with(_ octet: UInt8, at index: Int) -> [UInt8] {
        var changed = self
        changed[index] = octet
        return changed
    }
}
