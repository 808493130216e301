import TestSupport
import Wire

/// Inputs that the decoders take, to begin mutating with.
enum Samples {
    static func samples(for target: FuzzTarget) -> [[UInt8]] {
        switch target {
        case .ipv4: Self.outerPackets + [IPv4PacketTests.plain, IPv4PacketTests.withOptions]
        case .ipv6: Self.innerPackets + ExtensionHeadersTests.chains.map(\.input)
        case .udp: [UDPDatagramTests.plain]
        case .icmpv4: ICMPv4MessageTests.kinds.map(\.input)
        case .icmpv6: Self.icmpv6Messages
        case .gre: GREPacketTests.good.map(\.input)
        case .ayiya: Vectors<AYIYAPacketTests.GoodVector>.load("ayiya").map(\.datagram.octets)
        case .heartbeat:
            Vectors<HeartbeatMessageTests.Vector>.load("heartbeat").map { Array($0.datagram.utf8) }
        case .addresses: Self.addresses.map { Array($0.utf8) }
        case .configuration: Self.configurations.map { Array($0.utf8) }
        case .patch:
            ConfigurationPatchTests.changes.map { Array($0.2.utf8) }
                + ConfigurationPatchTests.mistakes.map { Array($0.0.utf8) }
        case .control:
            ControlReplyTests.replies.map(\.input.encoded) + [Array("pop set\nid 1\n/\npop\n..\nend".utf8)]
        case .digest: [Array("abc".utf8), [UInt8](repeating: 0x61, count: 200)]
        case .offload: [VirtioNetHeaderTests.bulk, [UInt8](repeating: 0, count: VirtioNetHeader.length)]
        case .doubt: Self.innerPackets + DoubtfulPacketTests.samples
        case .report: Self.reports.map { Array($0.utf8) }
        case .capture: CaptureTests.good.map(\.input)
        case .state: Self.states
        case .http: Self.requests.map { Array($0.utf8) }
        case .tic: Self.dialogues.map { Array($0.utf8) }
        case .words: Self.outerPackets + Self.innerPackets + PacketWordsTests.inputs
        }
    }

    private static var reports: [String] {
        let extremes = ReportText.extremes + ReportText.extremes
        let reports = zip(ReportText.numbers, extremes).map { number, extreme in
            ReportText.json([number.description: extreme])
        }
        let peers = PeerProbesTests.hostile.map { "\(ReportText.json().dropLast()),\"peers\":\($0.input)}" }
        return [ReportText.json(), ReportText.json(claim: "null", tunnel: "T9")] + reports + peers
    }

    private static var requests: [String] {
        RequestTargetTests.good.map(\.input) + RequestTargetTests.bad
            + AcceptedMediaTests.preferences.compactMap(\.input) + AcceptedMediaTests.cookies.map(\.input)
            + AcceptedMediaTests.hosts.map(\.input)
    }

    private static var dialogues: [String] {
        TICCommandTests.good.map(\.0) + TICCommandTests.bad.map(\.0)
            + ["username jdoe\r\nchallenge md5\nauthenticate md5 00\n", "200 SixXS\n404 No such tunnel\n"]
    }

    /// With and without the last line, which the target can make itself.
    private static var states: [[UInt8]] {
        guard let text = try? SavedStateTests.sample().text else { return [] }
        let end = text.dropLast().lastIndex(of: UInt8(ascii: "\n")) ?? 0
        return [text, Array(text[...end])]
    }

    private static var outerPackets: [[UInt8]] {
        Vectors<EncapsulationTests.Vector>.load("encapsulations").map(\.packet.octets)
            + Vectors<ICMPv4MessageTests.ErrorVector>.load("icmpv4-errors").map(\.packet.octets)
    }

    private static var innerPackets: [[UInt8]] {
        let errors = Vectors<ICMPv6MessageTests.ErrorVector>.load("icmpv6-errors")
        return Vectors<EncapsulationTests.Vector>.load("encapsulations").map(\.inner.octets)
            + errors.map(\.packet.octets).filter { $0.count < 200 }
    }

    /// The two addresses, then the message.
    private static var icmpv6Messages: [[UInt8]] {
        Self.innerPackets.filter { $0.count > 48 && $0[6] == 58 }.map { Array($0.dropFirst(8)) }
    }

    private static var addresses: [String] {
        IPv6AddressTextTests.canonical.map(\.input) + IPv6AddressTextTests.bad + IPv4AddressTests.bad
            + IPv6PrefixTests.good.map(\.input) + EndpointTests.good.map(\.input)
            + AddressBlockTests.good.map(\.input)
            + ["192.0.2.1", "1fff", "T5072"]
    }

    private static var configurations: [String] {
        [ConfigurationTests.example, ConfigurationTextTests.everything]
            + ConfigurationErrorTests.texts.map(\.input)
            + ConfigurationErrorTests.lines.map { ConfigurationErrorTests.prefix + $0.input }
    }
}
