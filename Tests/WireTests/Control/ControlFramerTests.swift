import TestSupport
import Testing
import Wire

@Suite("A framer of the control port") struct ControlFramerTests {
    private static func lines(_ pieces: [[UInt8]], maximumLineLength: Int = 16) -> [ControlFramer.Line] {
        var framer = ControlFramer(maximumLineLength: maximumLineLength)
        var lines: [ControlFramer.Line] = []
        for piece in pieces {
            framer.append(piece)
            while let line = framer.nextLine() {
                lines.append(line)
                if line == .tooLong { return lines }
            }
        }
        return lines
    }

    // swift-format-ignore
    static let texts: [Row<String, [ControlFramer.Line]>] = [
        Row("nothing",             "",                        is: []),
        Row("no end",              "abc",                     is: []),
        Row("LF",                  "abc\n",                   is: [.line("abc")]),
        Row("CRLF",                "abc\r\n",                 is: [.line("abc")]),
        Row("CR inside",           "a\rb\n",                  is: [.line("a\rb")]),
        Row("two CR",              "a\r\r\n",                 is: [.line("a\r")]),
        Row("empty lines",         "\n\r\n\n",                is: [.line(""), .line(""), .line("")]),
        Row("longest line",        "0123456789abcdef\n",      is: [.line("0123456789abcdef")]),
        Row("longest, CRLF",       "0123456789abcdef\r\n",    is: [.line("0123456789abcdef")]),
        Row("one octet too long",  "0123456789abcdefg\n",     is: [.tooLong]),
        Row("too long, no end",    "0123456789abcdefgh",      is: [.tooLong]),
        Row("fine, then too long", "ok\n0123456789abcdefgh",  is: [.line("ok"), .tooLong]),
        Row("beyond ASCII",        "åäö\n",                   is: [.line("åäö")]),
    ]

    @Test(arguments: Self.texts)
    func cutsLinesWhateverTheyArriveIn(_ row: Row<String, [ControlFramer.Line]>) {
        let octets = Array(row.input.utf8)

        #expect(Self.lines([octets]) == row.output)
        #expect(Self.lines(octets.map { [$0] }) == row.output)
        for cut in 0...octets.count {
            #expect(
                Self.lines([Array(octets[..<cut]), Array(octets[cut...])]) == row.output,
                "cut at \(cut)"
            )
        }
    }

    @Test func replacesWhatIsNotUTF8() {
        #expect(Self.lines([[0x61, 0xff, 0x0a]]) == [.line("a\u{fffd}")])
    }

    @Test func takesABodyBetweenLines() {
        var framer = ControlFramer(maximumLineLength: 16)
        framer.append(Array("push 5\na\nb\ncnext\n".utf8))

        #expect(framer.nextLine() == .line("push 5"))
        #expect(framer.nextBody(count: 5) == Array("a\nb\nc".utf8))
        #expect(framer.nextLine() == .line("next"))
        #expect(framer.nextLine() == nil)
        #expect(framer.nextBody(count: 0) == [])
        #expect(framer.available == 0)
    }

    @Test func waitsForTheWholeBody() {
        var framer = ControlFramer(maximumLineLength: 16)
        let body = Array("0123456789\n0123456789".utf8)
        for octet in body {
            #expect(framer.nextBody(count: body.count) == nil)
            framer.append([octet])
        }

        #expect(framer.nextBody(count: body.count) == body)
    }

    @Test func holdsNoMoreThanItMust() {
        var framer = ControlFramer(maximumLineLength: 16)
        for round in 0..<10_000 {
            framer.append("line \(round)\npart".utf8)
            #expect(framer.nextLine() == .line(round == 0 ? "line 0" : "partline \(round)"))
            #expect(framer.available == 4)
        }
    }

    // swift-format-ignore
    static let contents: [Row<[UInt8], ControlFramer.Line?>] = [
        Row("text",                     Array("pop\n".utf8),              is: .line("pop")),
        Row("beyond ASCII",             Array("åäö\n".utf8),              is: .line("åäö")),
        Row("keys of a terminal",       [0x07, 0x08, 0x09, 0x0c, 0x1b, 0x7f, 0x0a], is: .line("\u{07}\u{08}\t\u{0c}\u{1b}\u{7f}")),
        Row("a zero, no end",           [0x00],                           is: .binary),
        Row("a zero behind a word",     Array("pop\u{0}\n".utf8),         is: .binary),
        Row("a greeting of TLS",        [0x16, 0x03, 0x01, 0x02, 0x00],   is: .binary),
        Row("a greeting of SSL 2",      [0x80, 0x2e, 0x01, 0x00, 0x02],   is: .binary),
        Row("the last that none has",   [0x1f],                           is: .binary),
        Row("no UTF-8",                 [0x61, 0xff, 0x0a],               is: .binary),
        Row("no UTF-8, no end yet",     [0x61, 0xff],                     is: nil),
    ]

    @Test(arguments: Self.contents)
    func takesTextAlone(_ row: Row<[UInt8], ControlFramer.Line?>) {
        var framer = ControlFramer(maximumLineLength: 16, of: .text)
        framer.append(row.input)

        #expect(framer.nextLine() == row.output)
    }

    @Test func takesTheLinesBeforeWhatIsNoText() {
        var framer = ControlFramer(maximumLineLength: 16, of: .text)
        framer.append(Array("pop\n..\n\u{1}rest\n".utf8))

        #expect(framer.nextLine() == .line("pop"))
        #expect(framer.nextLine() == .line(".."))
        #expect(framer.nextLine() == .binary)
    }

    /// A body is not looked at, and what it took is not kept.
    @Test func takesLinesAroundALargeBody() {
        var framer = ControlFramer(maximumLineLength: 64, of: .text)
        let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
        framer.append(Array("config diff\nha".utf8))
        #expect(framer.nextLine() == .line("config diff"))
        framer.expectBody(count: body.count + 2)
        for start in stride(from: 0, to: body.count, by: 60_000) {
            #expect(framer.nextBody(count: body.count + 2) == nil)
            framer.append(body[start..<min(start + 60_000, body.count)])
        }
        framer.append(Array("pop\n".utf8))

        #expect(framer.nextBody(count: body.count + 2) == Array("ha".utf8) + body)
        #expect(framer.nextLine() == .line("pop"))
        #expect(framer.available == 0)
    }
}
