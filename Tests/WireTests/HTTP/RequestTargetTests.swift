import TestSupport
import Testing
import Wire

@Suite("What a request asks for")
struct RequestTargetTests {
    // swift-format-ignore
    static let good: [Row<String, (path: [String], query: String, written: String)>] = [
        Row("root",                  "/",                     is: ([], "", "/")),
        Row("a page",                "/pops",                 is: (["pops"], "", "/pops")),
        Row("a page of one",         "/pops/chtst01",         is: (["pops", "chtst01"], "", "/pops/chtst01")),
        Row("a slash at the end",    "/pops/",                is: (["pops", ""], "", "/pops/")),
        Row("slashes alone",         "//",                    is: (["", ""], "", "//")),
        Row("dots",                  "/../etc/./passwd",      is: (["..", "etc", ".", "passwd"], "", "/../etc/./passwd")),
        Row("an encoded slash",      "/a%2Fb",                is: (["a/b"], "", "/a%2Fb")),
        Row("encoded twice",         "/a%252Fb",              is: (["a%2Fb"], "", "/a%252Fb")),
        Row("beyond ASCII",          "/Z%C3%BCrich",          is: (["Zürich"], "", "/Z%C3%BCrich")),
        Row("octets beyond ASCII",   "/Zürich",               is: (["Zürich"], "", "/Z%C3%BCrich")),
        Row("a plus in a path",      "/a+b",                  is: (["a+b"], "", "/a%2Bb")),
        Row("a query",               "/e?last=day&n=3",       is: (["e"], "last=day&n=3", "/e?last=day&n=3")),
        Row("a plus in a query",     "/e?q=a+b",              is: (["e"], "q=a%20b", "/e?q=a%20b")),
        Row("an empty query",        "/e?",                   is: (["e"], "", "/e")),
        Row("a name without value",  "/e?all",                is: (["e"], "all=", "/e?all=")),
        Row("a question in a query", "/e?q=a?b=c",            is: (["e"], "q=a%3Fb%3Dc", "/e?q=a%3Fb%3Dc")),
        Row("what follows a #",      "/e?q=1#part",           is: (["e"], "q=1", "/e?q=1")),
        Row("the absolute form",     "http://host:80/e?q=1",  is: (["e"], "q=1", "/e?q=1")),
        Row("its other scheme",      "HTTPS://host/e",        is: (["e"], "", "/e")),
    ]

    @Test(arguments: Self.good)
    func reads(_ row: Row<String, (path: [String], query: String, written: String)>) throws {
        let target = try RequestTarget(parsing: row.input)

        #expect(target.path == row.output.path)
        #expect(target.query.description == row.output.query)
        #expect(target.description == row.output.written)
    }

    static let bad = [
        "", "*", "pops", "host:443", "http://host", "ftp://host/", "/a b", "/a\tb", "/%", "/%4", "/%zz",
        "/%+1",
        "/%00", "/%ff", "/%c0%af", "/%ed%a0%80", "/e?q=%", "/e?%ff=1", "/e?q=1&q=2", "/\u{7f}",
        "/e?" + (0...FormFields.most).map { "f\($0)=" }.joined(separator: "&"),
    ]

    @Test(arguments: Self.bad)
    func refuses(_ text: String) {
        #expect(throws: SyntaxError.self) { try RequestTarget(parsing: text) }
    }

    @Test func anErrorIsShortAndPrintable() {
        let text = "/%zz" + String(repeating: "\u{1b}x", count: 5000)

        #expect { try RequestTarget(parsing: text) } throws: { error in
            "\(error)".utf8.count < 200 && !"\(error)".contains("\u{1b}")
        }
    }

    @Test func fieldsAreFoundByName() throws {
        let fields = try FormFields(parsing: "token=a%26b&next=%2Fpops&empty=")

        #expect(fields["token"] == "a&b")
        #expect(fields["next"] == "/pops")
        #expect(fields["empty"] == "")
        #expect(fields["absent"] == nil)
        #expect(fields.names == ["token", "next", "empty"])
    }
}
