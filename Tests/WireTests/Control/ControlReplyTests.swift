import TestSupport
import Testing
import Wire

@Suite("A reply of the control port") struct ControlReplyTests {
    // swift-format-ignore
    static let replies: [Row<ControlReply, String>] = [
        Row("one line",          ControlReply(200, "chtst01 sixxsd 1.0"),     is: "200 chtst01 sixxsd 1.0\n"),
        Row("no text",           ControlReply(200, ""),                       is: "200 \n"),
        Row("refusal",           ControlReply(403, "not allowed"),            is: "403 not allowed\n"),
        Row("several lines",     ControlReply(200, lines: ["direct 2 1 3", "total 2 1 3"]),
                                                                              is: "201 2\ndirect 2 1 3\ntotal 2 1 3\n200 OK\n"),
        Row("no lines",          ControlReply(200, lines: []),                is: "201 0\n200 OK\n"),
        Row("empty line",        ControlReply(200, lines: [""]),              is: "201 1\n\n200 OK\n"),
        Row("line like an end",  ControlReply(200, lines: ["200 OK", "201 5"]), is: "201 2\n200 OK\n201 5\n200 OK\n"),
        Row("lines of an error", ControlReply(404, lines: ["no", "such"]),    is: "401 2\nno\nsuch\n404 OK\n"),
        Row("text beyond ASCII", ControlReply(500, "пакет"),                  is: "500 пакет\n"),
        Row("code of a list, text of none", ControlReply(401, "not 5"),       is: "401 not 5\n"),
    ]

    private static func parse(_ octets: [UInt8]) throws -> ControlReply? {
        var parser = ControlReplyParser()
        parser.append(octets)
        return try parser.next()
    }

    @Test(arguments: Self.replies)
    func isWrittenAndRead(_ row: Row<ControlReply, String>) throws {
        #expect(String(decoding: row.input.encoded, as: UTF8.self) == row.output)
        #expect(try Self.parse(row.input.encoded) == row.input)
        #expect(try Self.parse(Array(row.output.replacing("\n", with: "\r\n").utf8)) == row.input)
    }

    @Test func keepsLineBreaksOutOfItsLines() throws {
        let reply = ControlReply(200, lines: ["a\nb", "c\r\nd\r", "\n\n", "e"])

        #expect(reply.lines == ["a b", "c d", "", "e"])
        #expect(ControlReply(400, "x\n200 fine").text == "x 200 fine")
        #expect(try Self.parse(reply.encoded) == reply)
    }

    @Test(arguments: Self.replies)
    func isReadWhereverItIsCut(_ row: Row<ControlReply, String>) throws {
        let octets = row.input.encoded + ControlReply(200, "next").encoded
        for cut in 0...octets.count {
            var parser = ControlReplyParser()
            var replies: [ControlReply] = []
            for piece in [octets[..<cut], octets[cut...]] {
                parser.append(piece)
                while let reply = try parser.next() { replies.append(reply) }
            }

            #expect(replies == [row.input, ControlReply(200, "next")], "cut at \(cut)")
        }
    }

    @Test func isReadOctetByOctet() throws {
        var parser = ControlReplyParser()
        var replies: [ControlReply] = []
        for octet in Self.replies.flatMap(\.input.encoded) {
            parser.append([octet])
            while let reply = try parser.next() { replies.append(reply) }
        }

        #expect(replies == Self.replies.map(\.input))
    }

    // swift-format-ignore
    static let garbage: [Row<String, ControlReplyError>] = [
        Row("empty line",        "\n",                      is: .noCode("")),
        Row("no code",           "hello\n",                 is: .noCode("hello")),
        Row("two digits",        "20 OK\n",                 is: .noCode("20 OK")),
        Row("four digits",       "2000 OK\n",               is: .noCode("2000 OK")),
        Row("code too small",    "099 OK\n",                is: .noCode("099 OK")),
        Row("code too large",    "600 OK\n",                is: .noCode("600 OK")),
        Row("sign",              "+20 OK\n",                is: .noCode("+20 OK")),
        Row("leading blank",     " 200 OK\n",               is: .noCode(" 200 OK")),
        Row("other digits",      "٢٠٠ OK\n",                is: .noCode("٢٠٠ OK")),
        Row("controls",          "\u{1b}[2J\0x\u{9b}\n",     is: .noCode("?[2J?x?")),
        Row("long line, cut",    String(repeating: "x", count: 100) + "\n", is: .noCode(String(repeating: "x", count: 80))),
        Row("end without code",  "201 1\na\nb\n",           is: .noCode("b")),
        Row("end of another digit", "201 1\na\n404 OK\n",   is: .wrongEnd("404 OK")),
        Row("SSH banner",        "SSH-2.0-OpenSSH_9.2\r\n", is: .noCode("SSH-2.0-OpenSSH_9.2")),
    ]

    @Test(arguments: Self.garbage)
    func isRefusedFor(_ row: Row<String, ControlReplyError>) {
        #expect(throws: row.output) { try Self.parse(Array(row.input.utf8)) }
    }

    @Test(arguments: ["201 -1\n", "201 x\n", "201\n"])
    func withoutACountIsOneLine(_ line: String) throws {
        let reply = try Self.parse(Array(line.utf8))

        #expect(reply?.lines == nil)
        #expect(reply?.code == 201)
    }

    @Test(arguments: ["", "2", "200", "200 OK", "201 1\n", "201 1\na\n", "201 1\na\n200 OK"])
    func isAwaitedUntilItIsWhole(_ text: String) throws {
        #expect(try Self.parse(Array(text.utf8)) == nil)
    }

    @Test func isRefusedWhenItIsTooLong() {
        var parser = ControlReplyParser()
        let piece = [UInt8](repeating: 0x78, count: 1 << 20)

        #expect(throws: ControlReplyError.tooLong(limit: ReplyLimit.greatest.octets)) {
            for _ in 0..<66 {
                parser.append(piece)
                _ = try parser.next()
            }
        }
    }

    @Test(arguments: [
        ("201 11\n", ControlReplyError.tooManyLines(limit: 10)),
        ("201 99999999999999999999\n", .tooManyLines(limit: 10)),
        ("201 9223372036854775807\n", .tooManyLines(limit: 10)),
        ("201 10\n" + String(repeating: "\n", count: 10), .tooLong(limit: 150)),
        ("200 " + String(repeating: "x", count: 150), .tooLong(limit: 150)),
    ])
    func isReadNoFurtherThanTheRequestAllows(_ text: String, error: ControlReplyError) {
        var parser = ControlReplyParser()
        parser.limit = ReplyLimit(octets: 150, lines: 10)
        parser.append(text.utf8)

        #expect(throws: error) { while try parser.next() != nil {} }
    }

    // swift-format-ignore
    static let codes: [Row<Int, Bool>] = [
        Row("before success", 199, is: false), Row("first success", 200, is: true),
        Row("last success",   299, is: true),  Row("after success", 300, is: false),
    ]

    @Test(arguments: Self.codes)
    func isSuccessByItsCode(_ row: Row<Int, Bool>) {
        #expect(ControlReply(row.input, "").isSuccess == row.output)
    }
}
