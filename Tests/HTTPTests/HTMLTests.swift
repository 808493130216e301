import TestSupport
import Testing

@testable import HTTP

@Suite("Pages")
struct HTMLTests {
    // swift-format-ignore
    static let texts: [Row<String, String>] = [
        Row("plain",            "chtst01",                     is: "chtst01"),
        Row("markup",           "<b>&amp;</b>",                is: "&lt;b&gt;&amp;amp;&lt;/b&gt;"),
        Row("quotes",           "\" onload='x'",               is: "&quot; onload=&#39;x&#39;"),
        Row("beyond ASCII",     "Zürich <",                    is: "Zürich &lt;"),
        Row("a joined letter",  "e\u{301}<\u{301}",            is: "e\u{301}&lt;\u{301}"),
        Row("a NUL",            "a\0b",                        is: "a\u{fffd}b"),
        Row("nothing",          "",                            is: ""),
    ]

    @Test(arguments: Self.texts)
    func whatIsInterpolatedIsText(_ row: Row<String, String>) {
        let page: HTML = "<p title=\"\(row.input)\">\(row.input)</p>"

        #expect(
            page.text.unicodeScalars.elementsEqual(
                "<p title=\"\(row.output)\">\(row.output)</p>".unicodeScalars
            )
        )
    }

    @Test func piecesAreNotEscapedTwice() {
        let rows = ["a", "<"].map { text -> HTML in "<li>\(text)</li>" }
        let page: HTML = "<ul>\(rows)</ul>\(HTML.joined(rows, separator: ", "))\(7)"

        #expect(page.text == "<ul><li>a</li><li>&lt;</li></ul><li>a</li>, <li>&lt;</li>7")
    }

    @Test func partsOfTextsAreEscapedToo() {
        let page: HTML = "\("<<".dropFirst())"

        #expect(page.text == "&lt;")
    }

    @Test func addressesOfOursAreEncoded() {
        let url = URLText(path: ["pops", "a/b?\"<"], query: [(name: "n&", value: "ü =")])
        let link: HTML = "<a href=\"\(url)\">"

        #expect(url.text == "/pops/a%2Fb%3F%22%3C?n%26=%C3%BC%20%3D")
        #expect(link.text == "<a href=\"/pops/a%2Fb%3F%22%3C?n%26=%C3%BC%20%3D\">")
        #expect(URLText(path: []).text == "/")
    }

    // swift-format-ignore
    static let addresses: [Row<String, Bool>] = [
        Row("https",                    "https://example.org/a?b=c&d",  is: true),
        Row("http in capitals",         "HTTP://example.org",           is: true),
        Row("mail",                     "mailto:a@example.org",         is: true),
        Row("a page of ours",           "/pops",                        is: true),
        Row("a script",                 "javascript:alert(1)",          is: false),
        Row("one in capitals",          "JavaScript:alert(1)",          is: false),
        Row("one behind a blank",       " javascript:alert(1)",         is: false),
        Row("one with a tab in it",     "java\tscript:alert(1)",        is: false),
        Row("one with a control",       "\u{1}javascript:alert(1)",     is: false),
        Row("data",                     "data:text/html,<b>",           is: false),
        Row("a file",                   "file:///etc/passwd",           is: false),
        Row("another host",             "//example.org",                is: false),
        Row("one with a backslash",     "/\\example.org",               is: false),
        Row("nothing",                  "",                             is: false),
    ]

    @Test(arguments: Self.addresses)
    func letsNoScriptsThrough(_ row: Row<String, Bool>) {
        #expect((URLText(checking: row.input) != nil) == row.output)
    }
}
