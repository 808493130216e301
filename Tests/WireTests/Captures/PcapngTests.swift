import TestSupport
import Testing
import Wire

/// Builds pcapng files by hand (draft-ietf-opsawg-pcapng).
struct PcapngFile {
    var isBigEndian = false
    var octets: [UInt8] = []

    func number(_ value: UInt64, _ count: Int) -> [UInt8] {
        let octets = (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        return self.isBigEndian ? octets.reversed() : octets
    }

    /// A block with its lengths, padded.
    mutating func add(_ type: UInt32, _ body: [UInt8]) {
        let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
        let length = self.number(UInt64(padded.count + 12), 4)
        self.octets += self.number(UInt64(type), 4) + length + padded + length
    }

    mutating func addSection(options: [UInt8] = []) {
        let body = self.number(0x1a2b_3c4d, 4) + self.number(1, 2) + self.number(0, 2)
        self.add(0x0a0d_0d0a, body + [UInt8](repeating: 0xff, count: 8) + options)
    }

    func option(_ code: UInt64, _ value: [UInt8]) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
        return self.number(code, 2) + self.number(UInt64(value.count), 2) + value + padding
    }

    mutating func addInterface(link: UInt64 = 101, snapLength: UInt64 = 0, options: [UInt8] = []) {
        self.add(1, self.number(link, 2) + [0, 0] + self.number(snapLength, 4) + options)
    }

    mutating func addPacket(
        _ frame: [UInt8],
        at units: UInt64,
        interface: UInt64 = 0,
        original: Int? = nil,
        options: [UInt8] = []
    ) {
        let padding = [UInt8](repeating: 0, count: (4 - frame.count % 4) % 4)
        let times = self.number(units >> 32, 4) + self.number(units & 0xffff_ffff, 4)
        let lengths =
            self.number(UInt64(frame.count), 4) + self.number(UInt64(original ?? frame.count), 4)
        self.add(6, self.number(interface, 4) + times + lengths + frame + padding + options)
    }

    mutating func addSimplePacket(_ frame: [UInt8], original: Int? = nil) {
        self.add(3, self.number(UInt64(original ?? frame.count), 4) + frame)
    }
}

@Suite("A pcapng file") struct PcapngTests {
    static let packet: [UInt8] = [0x60, 1, 2, 3, 4]
    static let time: UInt64 = 1_234_567_890

    private static func file(bigEndian: Bool = false, _ build: (inout PcapngFile) -> Void) -> [UInt8] {
        var file = PcapngFile(isBigEndian: bigEndian)
        file.addSection()
        build(&file)
        return file.octets
    }

    @Test(arguments: [false, true])
    func givesItsPackets(bigEndian: Bool) throws {
        let file = Self.file(bigEndian: bigEndian) { file in
            file.addInterface(options: file.option(2, Array("lo".utf8)) + file.option(0, []))
            file.addPacket(Self.packet, at: Self.time * 1_000_000 + 5, options: file.option(1, [65]))
            file.add(4, [UInt8](repeating: 0, count: 32))
            file.addSimplePacket(Self.packet)
            file.addPacket(Self.packet, at: Self.time * 1_000_000, original: 1500)
        }
        let capture = try Capture(file)

        #expect(capture.packets.map(\.octets) == [Self.packet, Self.packet, Self.packet])
        #expect(capture.packets.map(\.isWhole) == [true, true, false])
        #expect(capture.packets.allSatisfy { $0.time == Int64(Self.time) })
    }

    // swift-format-ignore
    static let scales: [Row<(resolution: UInt8?, offset: Int64?, units: UInt64), Int64>] = [
        Row("microseconds unless it says otherwise", (nil, nil, time * 1_000_000), is: Int64(time)),
        Row("nanoseconds", (9, nil, time * 1_000_000_000), is: Int64(time)),
        Row("seconds", (0, nil, time), is: Int64(time)),
        Row("10^-19", (19, nil, .max), is: 1),
        Row("finer than can be counted", (20, nil, .max), is: 0),
        Row("a power of 2", (0x80 | 10, nil, time << 10), is: Int64(time)),
        Row("2^-63", (0x80 | 63, nil, .max), is: 1),
        Row("2^-127", (0xff, nil, .max), is: 0),
        Row("beyond what can be written", (0, nil, .max), is: .max),
        Row("with an offset", (6, 1_000_000_000, 234_567_890_000_000), is: Int64(time)),
        Row("with an offset that is too large", (0, .max, .max), is: .max),
        Row("with the least offset", (0, .min, 0), is: .min),
    ]

    @Test(arguments: scales)
    func hasTimes(_ row: Row<(resolution: UInt8?, offset: Int64?, units: UInt64), Int64>) throws {
        let file = Self.file { file in
            let resolution = row.input.resolution.map { file.option(9, [$0]) } ?? []
            let offset = row.input.offset.map {
                file.option(14, file.number(UInt64(bitPattern: $0), 8))
            }
            file.addInterface(options: resolution + (offset ?? []))
            file.addPacket(Self.packet, at: row.input.units)
        }

        #expect(try Capture(file).packets.map(\.time) == [row.output])
    }

    @Test func hasInterfacesOfItsOwnInEachSection() throws {
        let macs = [UInt8](repeating: 0xee, count: 12)
        var file = Self.file { file in
            file.addInterface(link: 101)
            file.addInterface(link: 1)
            file.addPacket(macs + [0x86, 0xdd] + Self.packet, at: 0, interface: 1)
            file.addPacket(macs + [0x08, 0x06] + Self.packet, at: 0, interface: 1)
        }
        file += Self.file(bigEndian: true) { file in
            file.addInterface(link: 276)
            let cooked = [0x86, 0xdd] + [UInt8](repeating: 0, count: 18)
            file.addPacket(cooked + Self.packet, at: 0)
        }

        #expect(try Capture(file).packets.map(\.octets) == [Self.packet, Self.packet])
    }

    @Test func cutsSimplePacketsAtTheInterfacesLength() throws {
        let file = Self.file { file in
            file.addInterface(snapLength: 3)
            file.addSimplePacket([0x60, 1, 2], original: 1500)
        }
        let capture = try Capture(file)

        #expect(capture.packets.map(\.octets) == [[0x60, 1, 2]])
        #expect(capture.packets.map(\.isWhole) == [false])
    }

    @Test func saysWhatItIsNot() {
        var file = PcapngFile()
        file.addSection()
        let start = file.octets.count
        let cases: [(String, (inout PcapngFile) -> Void, Capture.Failure)] = [
            ("a packet without an interface", { $0.addPacket(Self.packet, at: 0) }, .unknownInterface(start)),
            ("a simple one too", { $0.addSimplePacket(Self.packet) }, .unknownInterface(start)),
            (
                "a block of 8 octets", { $0.octets += $0.number(4, 4) + $0.number(8, 4) + [0, 0, 0, 0] },
                .badBlock(start)
            ),
            (
                "an odd length", { $0.octets += $0.number(4, 4) + $0.number(13, 4) + $0.number(13, 8) },
                .badBlock(start)
            ),
            (
                "lengths that differ", { $0.octets += $0.number(4, 4) + $0.number(12, 4) + $0.number(16, 4) },
                .badBlock(start)
            ),
            (
                "a length without end",
                { $0.octets += $0.number(4, 4) + $0.number(0xffff_fffc, 4) + $0.number(0, 4) },
                .badBlock(start)
            ),
            ("an empty interface", { $0.add(1, []) }, .badBlock(start)),
            (
                "an option beyond its block",
                { $0.addInterface(options: $0.number(2, 2) + $0.number(40, 2)) }, .badBlock(start)
            ),
            ("an empty packet block", { file in file.add(6, []) }, .badBlock(start)),
            ("another section of no order", { $0.add(0x0a0d_0d0a, [1, 2, 3, 4]) }, .badBlock(start)),
        ]
        for (name, build, failure) in cases {
            var bad = file
            build(&bad)
            #expect(throws: failure, "\(name)") { try Capture(bad.octets) }
        }
        #expect(throws: Capture.Failure.notACapture) {
            try Capture([0x0a, 0x0d, 0x0d, 0x0a] + [UInt8](repeating: 7, count: 24))
        }
        #expect(throws: Capture.Failure.unknownLink(147)) {
            try Capture(
                Self.file { file in
                    file.addInterface(link: 147)
                    file.addPacket(Self.packet, at: 0)
                }
            )
        }
    }

    @Test func isReadOrRefusedHoweverItIsCut() {
        let whole = Self.file { file in
            file.addInterface(options: file.option(9, [9]))
            file.addPacket(Self.packet, at: 7)
            file.addSimplePacket(Self.packet)
        }
        for count in 4..<whole.count {
            let packets = (try? Capture(Array(whole.prefix(count))))?.packets.count ?? 0
            #expect(packets < 2, "\(count)")
        }
        for place in whole.indices {
            for octet in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
                var changed = whole
                changed[place] = octet
                _ = try? Capture(changed)
            }
        }
    }
}
