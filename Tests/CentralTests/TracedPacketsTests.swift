import Foundation
import TestSupport
import Testing
import Wire

@testable import Central

@Suite("A trace as a capture") struct TracedPacketsTests {
    private static func line(
        _ packet: Int,
        _ text: String,
        octets: String? = nil,
        time: String = "1800000000"
    ) -> String {
        let octets = octets.map { ",\"octets\":\"\($0)\"" } ?? ""
        return
            "{\"packet\":\(packet),\"time\":\(time),\"microsecond\":5,\"step\":\"x\",\"text\":\"\(text)\"\(octets)}"
    }

    private static func capture(_ lines: [String]) throws -> (packets: [Capture.Packet], file: String) {
        var traced = TracedPackets()
        var file = TracedPackets.head(try Fixture.number(12))
        for line in lines { file += traced.take(line) }
        file += traced.finish()
        #expect(traced.finish().isEmpty)
        return (try Capture(file).packets, String(decoding: file, as: UTF8.self))
    }

    @Test func hasAPacketWithItsDecisions() throws {
        let (packets, file) = try Self.capture([
            Self.line(1, "came from the uplink", octets: "60000000"), Self.line(1, "verdict: drop"),
            Self.line(2, "sent", octets: "6fff"),
        ])

        #expect(packets.map(\.octets) == [[0x60, 0, 0, 0], [0x6f, 0xff]])
        #expect(packets.map(\.time) == [1_800_000_000, 1_800_000_000])
        #expect(file.contains("came from the uplink\nverdict: drop"))
    }

    // swift-format-ignore
    static let nonsense: [Row<[String], Int>] = [
        Row("nothing",           [],                                                        is: 0),
        Row("no JSON",           ["hello", "", "{}", "[", "{\"packet\":-1}"],               is: 0),
        Row("a time beyond all", [line(1, "x", octets: "60", time: "9223372036854775807")], is: 1),
        Row("a time before all", [line(1, "x", octets: "60", time: "-5")],                  is: 1),
        Row("half an octet",     [line(1, "x", octets: "600")],                             is: 0),
        Row("no digits",         [line(1, "x", octets: "zz")],                              is: 0),
    ]

    /// A daemon may say anything: the capture can be read.
    @Test(arguments: Self.nonsense)
    func canAlwaysBeRead(_ row: Row<[String], Int>) throws {
        // Those without an IP header are left out by who reads.
        let packets = try Self.capture(row.input).packets
        #expect(packets.count == row.output)
    }

    @Test func isBounded() throws {
        let lines = (0..<10_000).map { _ in Self.line(1, String(repeating: "y", count: 5000), octets: "60") }
        let (packets, file) = try Self.capture(lines)
        #expect(packets.count == 1)
        #expect(file.utf8.count < 64 * 310)
    }
}
