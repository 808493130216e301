import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Central

@Suite("A tunnel's errors with their packets") struct InspectErrorsTests {
    private static let head =
        "Clock Off: 3 times, last 2026-11-30T18:00:00Z from 203.0.113.10, 4 octets, the first 4:"

    // swift-format-ignore
    static let samples: [Row<[String], (length: Int, octets: [UInt8])?>] = [
        Row("whole",           [head, "45 00 00 04"],                              is: (4, [0x45, 0, 0, 4])),
        Row("two lines",       [head.replacingOccurrences(of: " 4 octets", with: " 40 octets"), "45 00", "0f"], is: (40, [0x45, 0, 15])),
        Row("no octets",       [head],                                             is: (4, [])),
        Row("nothing",         [],                                                 is: nil),
        Row("other words",     ["hello"],                                          is: nil),
        Row("no digits",       [head, "zz"],                                       is: nil),
        Row("one digit",       [head, "4"],                                        is: nil),
        Row("more than it is", [head, "00 00 00 00 00"],                           is: nil),
        Row("far too many",    [head.replacingOccurrences(of: " 4 octets", with: " 9000 octets")] + Array(repeating: "00 00", count: 200), is: nil),
        Row("a huge length",   [head.replacingOccurrences(of: " 4 octets", with: " 65536 octets")], is: nil),
        Row("below nothing",   [head.replacingOccurrences(of: " 4 octets", with: " -4 octets")],  is: nil),
    ]

    @Test(arguments: Self.samples)
    func areReadAsTheDaemonSaysThem(_ row: Row<[String], (length: Int, octets: [UInt8])?>) {
        let sample = ErrorSampleText(row.input)

        #expect((sample == nil) == (row.output == nil))
        #expect(sample?.octets == row.output?.octets)
        #expect(sample?.length == row.output?.length)
        #expect(sample.map { $0.source == (try? IPAddress(parsing: "203.0.113.10")) } ?? true)
    }

    private static func answer(_ replies: [String: ControlReply]) async throws -> InspectErrors.Answer {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        var state = FakeDaemon.State()
        state.replies = replies
        connector.daemons.withLock { $0[1] = state }
        return try await InspectErrors(try Fixture.number(1)).run(in: Centre(test, connector))
    }

    @Test func haveWordsAndAnExplanation() async throws {
        let packet = "60 00 00 00 00 00 3b 40 \(Array(repeating: "00", count: 32).joined(separator: " "))"
        let digits = packet.filter { $0 != " " }
        let answer = try await Self.answer([
            "tunnel show T1": ControlReply(
                200,
                lines: [
                    "Tunnel ID      : T1", "Clock Off      : 3", "Wrong Payload : 1", "HB Replay : 0",
                    "Nonsense : 7",
                ]
            ),
            "tunnel get errorpacket T1 Clock Off": ControlReply(
                200,
                lines: [Self.head.replacingOccurrences(of: " 4 octets", with: " 40 octets"), packet]
            ),
            "tunnel get errorpacket T1 Wrong Payload": ControlReply(404, "T1 has had no error"),
            "explain \(digits) from T1": ControlReply(200, lines: ["dropped: \u{1b}[31mwrongSource"]),
        ])

        #expect(answer.pop == (try Fixture.name()))
        #expect(answer.rows.map(\.kind) == ["Clock Off", "Wrong Payload"])
        #expect(answer.rows[0].words == ["IPv6 :: > ::, nothing, hop limit 64, 40 octets"])
        #expect(answer.rows[0].explanation == ["dropped: ?[31mwrongSource"])
        #expect(answer.rows[1].words.isEmpty && answer.rows[1].explanation == nil)
        let lines = answer.rows.flatMap { ErrorPacketDocument($0).lines }
        #expect(lines.contains("    dropped: ?[31mwrongSource") && lines.last == "Wrong Payload: 1 time")
    }

    @Test func areNoneWhereNothingWentWrong() async throws {
        #expect(
            try await Self.answer(["tunnel show T1": ControlReply(200, lines: ["Clock Off : 0"])]).rows
                .isEmpty
        )
        await #expect(throws: RegistryError.self) { try await Self.answer([:]) }
    }
}
