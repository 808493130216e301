import TestSupport
import Testing
import Wire

@Suite("What is no line of the control port") struct ForeignProtocolTests {
    // swift-format-ignore
    static let lines: [Row<String, ForeignProtocol?>] = [
        Row("HTTP/1.1",                 "POST / HTTP/1.1",                     is: .request),
        Row("HTTP/1.0, GET",            "GET /index.html HTTP/1.0",            is: .request),
        Row("HTTP/0.9",                 "GET /",                               is: .request),
        Row("HTTP/0.9, lower case",     "get /x",                              is: .request),
        Row("a proxy's request",        "GET http://127.0.0.1:42003/",         is: .request),
        Row("a method of ours",         "TRACE / HTTP/1.1",                    is: .request),
        Row("a method nobody knows",    "FROB /x HTTP/1.1",                    is: .request),
        Row("a method alone",           "POST",                                is: .request),
        Row("with blanks in front",     "  PUT /x",                            is: .request),
        Row("lower case",               "post / http/1.1",                     is: .request),
        Row("preface of HTTP/2",        "PRI * HTTP/2.0",                      is: .request),
        Row("WebDAV",                   "PROPFIND /x",                         is: .request),
        Row("all of the server",        "OPTIONS * HTTP/1.1",                  is: .request),
        Row("a proxy's tunnel",         "CONNECT 127.0.0.1:42003 HTTP/1.1",    is: .request),
        Row("RTSP",                     "DESCRIBE rtsp://x/ RTSP/1.0",         is: .request),
        Row("SIP",                      "INVITE sip:x@example.org SIP/2.0",    is: .request),
        Row("Host",                     "Host: 127.0.0.1:42003",               is: .headerField),
        Row("a field without a blank",  "Host:127.0.0.1",                      is: .headerField),
        Row("a field without a value",  "Accept:",                             is: .headerField),
        Row("a field of many parts",    "X-Forwarded-For: 192.0.2.1",          is: .headerField),
        Row("a field of one letter",    "a: b",                                is: .headerField),
        Row("an URL",                   "http://example.org/",                 is: .headerField),
        Row("SSH",                      "SSH-2.0-OpenSSH_9.2",                 is: .ssh),
        Row("curl dict://",             "CLIENT libcurl 8.14.1",               is: .greeting),
        Row("SMTP",                     "EHLO localhost",                      is: .greeting),
        Row("SMTP of before",           "helo x",                              is: .greeting),
        Row("POP3",                     "CAPA",                                is: .greeting),
        Row("FTP",                      "USER anonymous",                      is: .greeting),
        Row("IRC",                      "NICK x",                              is: .greeting),
        Row("nothing",                  "",                                    is: nil),
        Row("a comment",                "# POST / HTTP/1.1",                   is: nil),
        Row("another",                  "// Host: x",                          is: nil),
        Row("a command",                "pop show status",                     is: nil),
        Row("upper case",               "TRACE T5072",                         is: nil),
        Row("a word of two menus",      "GET name",                            is: nil),
        Row("a slip",                   "psot show",                           is: nil),
        Row("an address",               "fe80::1",                             is: nil),
        Row("an address of digits",     "2001:db8::1",                         is: nil),
        Row("a prefix",                 "fe80::/64",                           is: nil),
        Row("a colon alone",            ": x",                                 is: nil),
        Row("a slash",                  "/",                                   is: nil),
        Row("a password like that",     "tunnel set config 1 T1 ayiya up 1280 HTTP/1.1", is: nil),
        Row("an error of a name",       "tunnel get errorpacket T1 Clock Off", is: nil),
    ]

    @Test(arguments: Self.lines)
    func isToldByItsLine(_ row: Row<String, ForeignProtocol?>) {
        #expect(ForeignProtocol(line: row.input) == row.output)
    }

    @Test func isToldByAWordThatNoMenuHas() {
        #expect(ForeignProtocol(unknownCommand: "GET") == .request)
        #expect(ForeignProtocol(unknownCommand: "get") == nil)
        #expect(ForeignProtocol(unknownCommand: "show") == nil)
    }

    /// A method that is a menu's word would end the session of an operator who uses it.
    @Test func isNoCommand() {
        func commands(_ menu: Menu) -> [String] {
            menu.commands.map(\.name) + menu.menus.flatMap { [$0.name] + commands($0) }
        }
        for name in commands(.top) + ["..", "/", ".", "end", "help", "fullhelp", "?"] {
            #expect(ForeignProtocol(line: name) == nil, "\(name)")
            #expect(ForeignProtocol(line: name.uppercased()) == nil, "\(name)")
            #expect(ForeignProtocol(line: "\(name) T1 all") == nil, "\(name)")
        }
    }
}
