import TestSupport
import Testing
import Wire

@Suite("Headers of HTTP")
struct AcceptedMediaTests {
    private static let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
    private static let prometheus =
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"

    // swift-format-ignore
    static let preferences: [Row<String?, String>] = [
        Row("no header",              nil,                                      is: "text/html"),
        Row("an empty one",           "",                                       is: "text/html"),
        Row("anything",               "*/*",                                    is: "text/html"),
        Row("a browser's",            Self.browser,                             is: "text/html"),
        Row("JSON",                   "application/json",                       is: "application/json"),
        Row("JSON in capitals",       "Application/JSON",                       is: "application/json"),
        Row("JSON of a family",       "application/*",                          is: "application/json"),
        Row("JSON more gladly",       "text/html;q=0.5, application/json",      is: "application/json"),
        Row("JSON less gladly",       "text/html, application/json;q=0.999",    is: "text/html"),
        Row("the exact one counts",   "*/*, text/html;q=0",                     is: "application/json"),
        Row("blanks about it",        " application/json ; q=1.000 ",           is: "application/json"),
        Row("a parameter before",     "application/json;charset=utf-8;q=0.2, text/html;q=0.1", is: "application/json"),
        Row("nothing that there is",  "image/png",                              is: "text/html"),
        Row("nonsense",               "application, /json, */json, a/b/c, ;;,", is: "text/html"),
        Row("nonsense as a weight",   "application/json;q=2",                   is: "text/html"),
        Row("a weight too exact",     "application/json;q=0.1234",              is: "text/html"),
        Row("a negative weight",      "application/json;q=-1",                  is: "text/html"),
    ]

    @Test(arguments: Self.preferences)
    func prefers(_ row: Row<String?, String>) {
        let accepted = AcceptedMedia(parsing: row.input)

        #expect(accepted.preferred(of: ["text/html", "application/json"]) == row.output)
    }

    // swift-format-ignore
    static let qualities: [Row<(String, String), Int>] = [
        Row("named",       (Self.prometheus, "text/plain"),                   is: 300),
        Row("first named", (Self.prometheus, "application/openmetrics-text"), is: 500),
        Row("any",         (Self.prometheus, "text/html"),                    is: 100),
        Row("not",         ("text/html", "image/png"),                        is: 0),
        Row("whole",       ("text/html;q=1", "text/html"),                    is: 1000),
        Row("none",        ("text/html;q=0.000", "text/html"),                is: 0),
    ]

    @Test(arguments: Self.qualities)
    func weighs(_ row: Row<(String, String), Int>) {
        #expect(AcceptedMedia(parsing: row.input.0).quality(of: row.input.1) == row.output)
    }

    // swift-format-ignore
    static let hosts: [Row<String, Bool>] = [
        Row("a name",             "centre.example",           is: true),
        Row("with a port",        "centre.example:8080",      is: true),
        Row("an address",         "192.0.2.1:80",             is: true),
        Row("an address of IPv6", "[2001:db8::1]:80",         is: true),
        Row("nothing",            "",                         is: false),
        Row("a blank",            "a b",                      is: false),
        Row("a path",             "a/b",                      is: false),
        Row("a user",             "user@host",                is: false),
        Row("a line break",       "a\r\nX: y",                is: false),
        Row("markup",             "<b>",                      is: false),
        Row("two",                "a,b",                      is: false),
        Row("too long",           String(repeating: "a", count: 263), is: false),
    ]

    @Test(arguments: Self.hosts)
    func knowsHosts(_ row: Row<String, Bool>) {
        #expect(HTTPHeaderText.isHost(row.input) == row.output)
    }

    // swift-format-ignore
    static let cookies: [Row<String, String?>] = [
        Row("alone",              "session=abc",                is: "abc"),
        Row("among others",       "a=b; session=abc; c=d",      is: "abc"),
        Row("twice",              "session=a; session=b",       is: "a"),
        Row("an equals sign",     "session=a=b",                is: "a=b"),
        Row("empty",              "session=",                   is: ""),
        Row("one that ends so",   "mysession=abc",              is: nil),
        Row("no value",           "session",                    is: nil),
        Row("nothing",            "",                           is: nil),
    ]

    @Test(arguments: Self.cookies)
    func findsCookies(_ row: Row<String, String?>) {
        #expect(HTTPHeaderText.cookie("session", in: row.input) == row.output)
    }

    // swift-format-ignore
    static let dates: [Row<Int64, String>] = [
        Row("the beginning",    0,               is: "Thu, 01 Jan 1970 00:00:00 GMT"),
        Row("RFC 9110's",       784_111_777,     is: "Sun, 06 Nov 1994 08:49:37 GMT"),
        Row("a leap day",       1_709_164_800,   is: "Thu, 29 Feb 2024 00:00:00 GMT"),
        Row("a December",       1_796_083_199,   is: "Mon, 30 Nov 2026 23:59:59 GMT"),
    ]

    @Test(arguments: Self.dates)
    func writesDates(_ row: Row<Int64, String>) throws {
        #expect(try #require(UTCTime(row.input)).httpDate == row.output)
    }
}
