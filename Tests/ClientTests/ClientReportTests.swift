import Foundation
import Testing
import Wire

@testable import sixxs_client

@Suite("The client's report") struct ClientReportTests {
    static let answering = ClientReport(
        device: "sixxs0",
        type: "ayiya",
        identity: "2001:db8:2ff:1::2",
        pop: "pop.example",
        popAddress: "192.0.2.1",
        localAddress: "198.51.100.7",
        port: 5072,
        mtu: 1280,
        defaultRoute: true,
        startedAt: 1_234_567_890,
        runningSeconds: 93_784,
        state: .answering,
        lastAnswerSeconds: 12,
        roundTripMicroseconds: 3249,
        sent: .init(packets: 1, octets: 40),
        received: .init(packets: 2, octets: 2560),
        notSent: 0,
        dropped: ["multicast": 3, "linkLocal": 2]
    )

    @Test func comesBackAsItWasSent() throws {
        let octets = Self.answering.encoded

        #expect(octets.last == UInt8(ascii: "\n") && octets.count { $0 == UInt8(ascii: "\n") } == 1)
        #expect(try JSONDecoder().decode(ClientReport.self, from: Data(octets)) == Self.answering)
    }

    @Test func isReadByPeople() {
        #expect(
            Self.answering.lines == [
                "Tunnel         ayiya, 2001:db8:2ff:1::2 on device sixxs0",
                "State          answering; last answer 12 s ago, round trip 3.2 ms",
                "Since          2009-02-13 23:31:30 UTC, 1 d 2 h",
                "PoP            pop.example, 192.0.2.1",
                "Path           from 198.51.100.7 to 192.0.2.1, UDP port 5072",
                "MTU            1280",
                "Default route  through the tunnel",
                "Sent           1 packet, 40 octets",
                "Received       2 packets, 2560 octets",
                "Not sent       0 packets",
                "Dropped        linkLocal 2, multicast 3",
            ]
        )
    }

    @Test func saysWhatIsNotThere() {
        var report = Self.answering
        report.state = .silent
        report.lastAnswerSeconds = nil
        report.roundTripMicroseconds = nil
        report.popAddress = nil
        report.localAddress = nil
        report.dropped = [:]

        let lines = report.lines

        #expect(lines[1] == "State          no answer; never one since the start: the client's log says why")
        #expect(lines[3] == "PoP            pop.example")
        #expect(lines[4] == "Path           none: the PoP can't be reached")
        #expect(lines.last == "Dropped        none")
    }

    @Test func countsWhatTheSessionCarried() {
        var session = TestTunnel.session(.sixInFour)
        var packet = TestTunnel.octets(40) { bytes in
            IPv6Header(
                payloadLength: 0,
                nextHeader: ProtocolNumber.noNextHeader,
                hopLimit: 64,
                source: TestTunnel.us,
                destination: TestTunnel.pop
            ).encode(into: &bytes, at: 0)
        }
        var span = packet.mutableSpan
        var bytes = span.mutableBytes
        _ = session.encapsulate(in: &bytes, at: 0, length: 40, at: TestTunnel.time(0))

        #expect(session.sent == .init(packets: 1, octets: 40))
        #expect(session.received == .init())
    }

    @Test func takesInnerPacketsWithoutAnOuterHeaderToo() {
        var session = TestTunnel.session(.sixInFour)
        let packet = TestTunnel.octets(40) { bytes in
            IPv6Header(
                payloadLength: 0,
                nextHeader: ProtocolNumber.noNextHeader,
                hopLimit: 64,
                source: TestTunnel.pop,
                destination: TestTunnel.us
            ).encode(into: &bytes, at: 0)
        }

        #expect(session.receive(packet) == .deliver(0..<40))
        #expect(session.received == .init(packets: 1, octets: 40))
        #expect(session.receive([]) == .drop(.notIPv6))
    }
}
