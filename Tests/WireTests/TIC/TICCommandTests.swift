import Testing
import Wire

/// What clients of TIC send, and what its servers answer.
@Suite("A line of TIC") struct TICCommandTests {
    // swift-format-ignore
    static let good: [(String, TICCommand)] = [
        ("client TIC/draft-00 AICCU/2007.01.15-console-linux Linux/6.1", .client("TIC/draft-00 AICCU/2007.01.15-console-linux Linux/6.1")),
        ("client",                      .client("")),
        ("get unixtime",                .getUnixTime),
        ("GET UnixTime",                .getUnixTime),
        ("starttls",                    .startTLS),
        ("username jdoe",               .username("jdoe")),
        ("username jdoe/T5072",         .username("jdoe/T5072")),
        ("challenge md5",               .challenge(.md5)),
        ("challenge SHA256",            .challenge(.sha256)),
        ("challenge clear",             .challenge(.clear)),
        ("authenticate md5 abcdef",     .authenticate(.md5, "abcdef")),
        ("authenticate clear Gehëim!",  .authenticate(.clear, "Gehëim!")),
        ("tunnel list",                 .tunnelList),
        ("tunnel  show  T5072 ",        .tunnelShow("T5072")),
        ("pop list",                    .popList),
        ("pop show chtst01",            .popShow("chtst01")),
        ("QUIT Thank you",              .quit),
        ("quit",                        .quit),
    ]

    // swift-format-ignore
    static let bad: [(String, TICCommand.Fault)] = [
        ("",                            .unknown),
        ("help",                        .unknown),
        ("get",                         .unknown),
        ("get unixtime now",            .usage("get unixtime")),
        ("tunnel",                      .unknown),
        ("tunnel delete T1",            .unknown),
        ("tunnel show",                 .usage("tunnel show T<number>")),
        ("tunnel show T1 T2",           .usage("tunnel show T<number>")),
        ("tunnel list all",             .usage("tunnel list")),
        ("pop show",                    .usage("pop show <name>")),
        ("pop list all",                .usage("pop list")),
        ("starttls now",                .usage("starttls")),
        ("username",                    .usage("username <handle>")),
        ("username j doe",              .usage("username <handle>")),
        ("challenge",                   .usage("challenge md5|sha256|clear")),
        ("challenge cram",              .usage("challenge md5|sha256|clear")),
        ("authenticate md5",            .usage("authenticate md5|sha256|clear <response>")),
        ("authenticate md5 a b",        .usage("authenticate md5|sha256|clear <response>")),
        ("username\tjdoe",              .notText),
        ("username j\u{0}doe",          .notText),
        ("username \u{7f}",             .notText),
    ]

    @Test(arguments: good) func isRead(_ line: String, _ command: TICCommand) throws {
        #expect(try TICCommand(parsing: Array(line.utf8)) == command)
    }

    @Test(arguments: bad) func isRefused(_ line: String, _ fault: TICCommand.Fault) {
        #expect(throws: fault) { try TICCommand(parsing: Array(line.utf8)) }
    }

    @Test func isNoTextInAnotherEncoding() {
        #expect(throws: TICCommand.Fault.notText) {
            try TICCommand(parsing: Array("username ".utf8) + [0xe9])
        }
    }

    @Test func answersAChallengeAsAICCUDoes() {
        // md5("abc" + md5hex("secret")), by md5sum.
        let secret = TICScheme.md5.digest(ofSecret: Array("secret".utf8))
        #expect(secret == "5ebe2294ecd0e0f08eab7690d2a6ee69")
        #expect(
            TICScheme.md5.response(to: "abc", secretDigest: secret ?? "")
                == "cfa9d8b8561e29838ecaa9c0cc751892"
        )
        #expect(
            TICScheme.sha256.response(
                to: "abc",
                secretDigest: TICScheme.sha256.digest(ofSecret: Array("secret".utf8)) ?? ""
            )
                == "5b9b6b3be20e7bab626c57b4c5d1255eea7a34933088c4b7abff8acff1eafb89"
        )
        #expect(TICScheme.clear.response(to: "abc", secretDigest: "x") == nil)
    }

    /// What comes of parts, one after the other: the lines, and what follows them.
    private static func cut(_ parts: [[UInt8]]) -> [TICLines.Next?] {
        var lines = TICLines()
        var found: [TICLines.Next?] = []
        for part in parts {
            guard lines.append(part) else { return found + [.tooLong] }
            var next = lines.next()
            while case .line = next {
                found.append(next)
                next = lines.next()
            }
            if next != nil { return found + [next] }
        }
        return found + [nil]
    }

    @Test func comesInAnyPieces() {
        let parts = ["get uni", "xtime\r\nquit\n\nrest"].map { Array($0.utf8) }
        let lines = ["get unixtime", "quit", ""].map { TICLines.Next.line(Array($0.utf8)) }
        #expect(Self.cut(parts) == lines + [nil])
    }

    @Test(arguments: [("\n", 1023, true), ("\r\n", 1023, true), ("\n", 1024, false), ("\r\n", 1024, false)])
    func hasABoundedLength(_ end: String, _ length: Int, _ fits: Bool) {
        let line = [UInt8](repeating: 0x61, count: length)
        #expect(Self.cut([line + Array(end.utf8)]) == (fits ? [.line(line), nil] : [.tooLong]))
        #expect(Self.cut([line, Array(end.utf8)]) == (fits ? [.line(line), nil] : [.tooLong]))
    }

    @Test func endlessOneIsFoundBeforeItsEnd() {
        let part = [UInt8](repeating: 0x61, count: 1024)
        #expect(Self.cut([part]) == [nil])
        #expect(Self.cut([part, [0x61]]) == [.tooLong])
        #expect(Self.cut([[UInt8](repeating: 0x61, count: TICLines.most + 1)]) == [.tooLong])
    }

    // swift-format-ignore
    static let replies: [(String, Int, String)] = [
        ("200 SixXS ready", 200, "SixXS ready"),
        ("202",             202, ""),
        ("200 ",            200, ""),
        ("200  x",          200, " x"),
        ("404 No such",     404, "No such"),
    ]

    @Test(arguments: replies) func ofAServerIsRead(_ line: String, _ code: Int, _ text: String) throws {
        let reply = try #require(TICReply(parsing: Array(line.utf8)))
        #expect((reply.code, reply.text) == (code, text))
        #expect(reply.isPositive == (code < 300))
    }

    @Test(arguments: ["", "20", "2x0 a", "200a", "-20 a", "TunnelId: T1"])
    func ofAServerIsNone(_ line: String) { #expect(TICReply(parsing: Array(line.utf8)) == nil) }
}
