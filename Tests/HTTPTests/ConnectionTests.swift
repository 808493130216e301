import TestSupport
import Testing

@testable import HTTP

@Suite("A connection of HTTP", .timeLimit(.minutes(5)))
struct ConnectionTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    // swift-format-ignore
    static let refused: [Row<String, Int>] = [
        Row("junk",                      "\u{1}\u{2}junk\r\n\r\n",                                       is: 400),
        Row("another protocol",          "SSH-2.0-OpenSSH_9.2\r\n",                                      is: 400),
        Row("an unknown version",        "GET / HTTP/3.7\r\nHost: a\r\n\r\n",                            is: 400),
        Row("no host",                   "GET / HTTP/1.1\r\n\r\n",                                       is: 400),
        Row("an empty host",             "GET / HTTP/1.1\r\nHost:\r\n\r\n",                              is: 400),
        Row("two hosts",                 "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",                 is: 400),
        Row("a host that is none",       "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",                          is: 400),
        Row("two lengths",               "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", is: 400),
        Row("a length and chunks",       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", is: 400),
        Row("a length that is none",     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",     is: 400),
        Row("a line of a megabyte",      "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 1 << 20))\r\n\r\n", is: 400),
        Row("20,000 headers",            "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: y\r\n", count: 20_000))\r\n", is: 400),
        Row("a target of a megabyte",    "GET /\(String(repeating: "x", count: 1 << 20)) HTTP/1.1\r\nHost: a\r\n\r\n", is: 400),
        Row("a target of nine KB",       "GET /\(String(repeating: "x", count: 9 << 10)) HTTP/1.1\r\nHost: a\r\n\r\n", is: 414),
        Row("a target that is none",     "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",                         is: 400),
        Row("the server as a whole",     "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",                        is: 400),
        Row("a way through",             "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",                    is: 400),
        Row("an expectation",            "POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n", is: 417),
        Row("a body said to be large",   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n",  is: 413),
        Row("that one, if it may come",  "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n", is: 413),
        Row("a body that is large",      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n\(String(repeating: "x", count: 65537))\r\n", is: 413),
    ]

    @Test(arguments: Self.refused)
    func refusesAndEnds(_ row: Row<String, Int>) async throws {
        let connection = try await TestConnection()

        try await connection.send(row.input)
        let answer = await connection.answer()
        await connection.pass(0)

        #expect(answer.hasPrefix("HTTP/1.1 \(row.output) "))
        #expect(answer.contains("\r\nConnection: close\r\n"))
        #expect(!connection.isOpen)
    }

    // swift-format-ignore
    static let answered: [Row<String, (body: String, staysOpen: Bool)>] = [
        Row("a page",                "GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n",                        is: ("GET /a?b=c 0\n", true)),
        Row("the last one",          "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",        is: ("GET / 0\n", false)),
        Row("by HTTP/1.0",           "GET / HTTP/1.0\r\n\r\n",                                        is: ("GET / 0\n", false)),
        Row("by it and more",        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",              is: ("GET / 0\n", true)),
        Row("the absolute form",     "GET http://b/a HTTP/1.1\r\nHost: a\r\n\r\n",                    is: ("GET /a 0\n", true)),
        Row("a form",                "POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",   is: ("POST /f 3\n", true)),
        Row("one in chunks",         "POST /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", is: ("POST /f 3\n", true)),
        Row("the largest body",      "POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n\(String(repeating: "x", count: 65536))", is: ("POST /f 65536\n", true)),
    ]

    @Test(arguments: Self.answered)
    func answers(_ row: Row<String, (body: String, staysOpen: Bool)>) async throws {
        let connection = try await TestConnection()

        try await connection.send(row.input)
        let answer = await connection.answer()
        await connection.pass(0)

        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n\(row.output.body)"))
        #expect(connection.isOpen == row.output.staysOpen)
        #expect(answer.contains("\r\nConnection: close\r\n") == !row.output.staysOpen)
        #expect(answer.contains("\r\nConnection: keep-alive\r\n") == row.input.contains("keep-alive"))
    }

    @Test func aHeadHasTheLengthOfTheBodyItLeavesOut() async throws {
        let connection = try await TestConnection()

        try await connection.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = await connection.answer(toHead: true)
        try await connection.send(Self.get)
        let next = await connection.answer()

        #expect(head.contains("\r\nContent-Length: 9\r\n"))
        #expect(head.hasSuffix("\r\n\r\n"))
        #expect(next.hasSuffix("GET / 0\n"))
    }

    @Test func saysThatABodyMayComeBeforeItComes() async throws {
        let connection = try await TestConnection()

        try await connection.send(
            "POST /f HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        )
        let interim = await connection.answer()
        try await connection.send("abc")
        let answer = await connection.answer()

        #expect(interim.hasPrefix("HTTP/1.1 100 Continue\r\n"))
        #expect(answer.hasSuffix("POST /f 3\n"))
    }

    @Test func answersRequestsThatCameTogetherInTheirOrder() async throws {
        let connection = try await TestConnection()

        try await connection.send((0..<20).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())

        for number in 0..<20 { #expect(await connection.answer().hasSuffix("GET /\(number) 0\n")) }
        #expect(connection.isOpen)
    }

    @Test func nothingIsReadBehindWhatWasRefused() async throws {
        let connection = try await TestConnection()

        try await connection.send("GET / HTTP/1.1\r\n\r\n" + Self.get)
        let answer = await connection.answer()

        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(try await connection.rest() == "")
    }

    // swift-format-ignore
    static let slow: [Row<String, (before: Int64, answer: String)>] = [
        Row("nothing",          "",                                                                is: (9, "")),
        Row("half a line",      "GET / HT",                                                        is: (9, "")),
        Row("half a head",      "GET / HTTP/1.1\r\nHost: a\r\n",                                   is: (9, "")),
        Row("half a body",      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",       is: (29, "HTTP/1.1 408 ")),
        Row("half a chunk",     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na", is: (29, "HTTP/1.1 408 ")),
    ]

    @Test(arguments: Self.slow)
    func waitsForAWhileOnly(_ row: Row<String, (before: Int64, answer: String)>) async throws {
        let connection = try await TestConnection()

        try await connection.send(row.input)
        await connection.pass(row.output.before)
        #expect(connection.isOpen)
        await connection.pass(1)

        #expect(!connection.isOpen)
        let answer = try await connection.rest()
        #expect(row.output.answer.isEmpty ? answer.isEmpty : answer.hasPrefix(row.output.answer))
    }

    @Test func aHeadThatTricklesInIsNotWaitedForLonger() async throws {
        let connection = try await TestConnection()

        for character in "GET / HTTP" {
            try await connection.send("\(character)")
            await connection.pass(1)
        }

        #expect(!connection.isOpen)
    }

    @Test func theTimeForTheNextHeadBeginsWithTheAnswer() async throws {
        let connection = try await TestConnection()

        for _ in 0..<3 {
            await connection.pass(9)
            try await connection.send(Self.get)
            _ = await connection.answer()
            await connection.pass(0)
        }
        #expect(connection.isOpen)
        await connection.pass(10)

        #expect(!connection.isOpen)
    }

    @Test func whatIsNotAnsweredInTimeIsSaidSo() async throws {
        let held = Held()
        let connection = try await TestConnection(held)

        try await connection.send(Self.get)
        await held.arrival()
        await connection.pass(29)
        #expect(try await connection.rest() == "")
        await connection.pass(1)

        #expect(await connection.answer().hasPrefix("HTTP/1.1 504 "))
        held.release()
        await connection.pass(0)
        #expect(!connection.isOpen)
    }

    @Test func whenTheServerEndsAnAnswerIsTheLast() async throws {
        let held = Held()
        let connection = try await TestConnection(held)

        try await connection.send(Self.get)
        await held.arrival()
        _ = connection.registry.end()
        held.release()
        let answer = await connection.answer()
        await connection.pass(0)

        #expect(answer.contains("\r\nConnection: close\r\n"))
        #expect(!connection.isOpen)
    }
}
