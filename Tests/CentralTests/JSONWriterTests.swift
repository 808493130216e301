import Foundation
import Testing
import Wire

@testable import Central

@Suite("Documents that write themselves") struct JSONWriterTests {
    private static let texts = [
        "", "chtst01", "é/\u{301}\u{1F600}", "\"q\" \\ /",
        (0...0x1F).map { "\(Unicode.Scalar(UInt8($0)))" }.joined(),
        "\u{7F}\u{80}\u{2028}",
    ]

    private static func tunnels() throws -> [TunnelDocument] {
        var documents: [TunnelDocument] = []
        let pop = try Fixture.name()
        for (index, text) in self.texts.enumerated() {
            let number = try Fixture.number(UInt32(index + 1))
            let end: TunnelEnd =
                index % 2 == 0
                ? .fixed(.ipv4(IPv4Address(192, 0, 2, 7))) : .ayiya(try Password(parsing: "geheim"))
            var tunnel = Tunnel(
                number: number,
                popID: 1,
                tid: try #require(TID(rawValue: 31)),
                end: end,
                mtu: 1280 + index,
                isEnabled: index % 2 == 0,
                isUserEnabled: index % 3 == 0,
                owner: index % 2 == 0 ? try UserHandle(parsing: "jdoe") : nil,
                oldPassword: index % 2 == 0
                    ? nil : OldPassword(.random(), until: Date(timeIntervalSince1970: 1e9)),
                created: Date(timeIntervalSince1970: 1_800_000_000.75),
                changed: Date(timeIntervalSince1970: Double(index))
            )
            if index % 2 == 1 {
                tunnel.oldPassword = OldPassword(try Password(parsing: "alt"), until: tunnel.created)
            }
            if index % 3 == 1 {
                tunnel.nameServers = [try DomainName(parsing: "ns1.example.net")]
                tunnel.publishesEndpoint = true
                tunnel.updateKey = UpdateKey(of: "key")
                tunnel.ticSecret = PasswordHash(of: .random())
            }
            var old = tunnel
            old.end = .ayiya(.random())
            old.ticSecret = nil
            var document = TunnelDocument(tunnel, pop: pop, replacing: index % 2 == 0 ? old : nil)
            if index > 0 {
                document = document.with(password: text)
                document.popAddress = text
                document.userAddress = text
                document.popIPv4 = "192.0.2.1"
                document.clientCommand = text
                document.clientCommand = text
                document.subnets = Array(repeating: text, count: index - 1)
            }
            documents.append(document)
        }
        return documents
    }

    @Test(arguments: [false, true]) func writeWhatAnEncoderWrites(isIndented: Bool) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isIndented { encoder.outputFormatting.insert(.prettyPrinted) }
        for document in try Self.tunnels() {
            let expected = String(decoding: try encoder.encode(document), as: UTF8.self)
            #expect(try JSONText.encode(document, encoder) == expected)
        }
        let subnet = Subnet(prefix: try Fixture.prefix("2001:db8:201::/56"), tunnel: try Fixture.number(1))
        let document = SubnetDocument(subnet, pop: try Fixture.name())
        #expect(
            try JSONText.encode(document, encoder)
                == String(decoding: try encoder.encode(document), as: UTF8.self)
        )
    }

    @Test(arguments: [0, 1, 6]) func writeListsAsAnEncoderDoes(count: Int) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        let documents = Array(try Self.tunnels().prefix(count))

        let text = JSONText.indented(documents)

        #expect(text == String(decoding: try encoder.encode(documents), as: UTF8.self))
    }

    /// Foundation's own format takes times of any kind, and gives what is before 1970 or after 9999.
    @Test(arguments: [0, 0.999, 951_782_400, 1_709_164_799.5, 253_402_300_799, -1, 253_402_300_800])
    func timesAreThoseOfFoundation(seconds: Double) {
        let time = Date(timeIntervalSince1970: seconds)
        #expect(time.iso8601 == time.formatted(.iso8601))
    }
}
