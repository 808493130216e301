import TestSupport
import Testing
import Wire

@testable import sixxsd

@Suite("What a word may become") struct CommandCompletionTests {
    // swift-format-ignore
    static let rows: [Row<[String], [String]>] = [
        Row("a menu",                ["", "", "po"],                     is: ["pop"]),
        Row("upper case",            ["", "", "PO"],                     is: ["pop"]),
        Row("a command at the top",  ["", "", "tr"],                     is: ["trace"]),
        Row("several",               ["", "", "t"],                      is: ["trace", "tunnel"]),
        Row("how to get about",      ["", "", "f"],                      is: ["fullhelp"]),
        Row("below a menu",          ["", "pop ", "sh"],                 is: ["show", "shutdown"]),
        Row("no movement there",     ["", "pop show ", "h"],             is: ["hostinfo"]),
        Row("where one stands",      ["pop\nshow", "", "up"],            is: ["uptime"]),
        Row("not what is elsewhere", ["pop\nshow", "", "tr"],            is: []),
        Row("a keyword",             ["", "tunnel list ", "err"],        is: ["erroronly"]),
        Row("a tunnel",              ["", "tunnel show ", "T1"],         is: ["T1", "T10"]),
        Row("a tunnel, lower case",  ["", "tunnel show ", "t2"],         is: ["T2"]),
        Row("a tunnel of trace",     ["", "trace ", "T"],                is: ["T1", "T10", "T2"]),
        Row("no tunnel",             ["", "pop set id ", "T"],           is: []),
        Row("behind what is wrong",  ["", "psot ", "sh"],                is: []),
    ]

    @Test(arguments: Self.rows) func isWhatMenusHave(_ row: Row<[String], [String]>) {
        var position = MenuPosition()
        for line in row.input[0].split(separator: "\n") {
            var words = Words(String(line))
            _ = position.follow(&words)
        }
        let completion = CommandCompletion(position: position) { ["T1", "T2", "T10"] }

        #expect(completion.candidates(before: row.input[1], row.input[2]) == row.output, "\(row)")
    }

    @Test func asksForTunnelsOnlyWhereOneMayStand() {
        let completion = CommandCompletion(position: MenuPosition()) {
            Issue.record("asked")
            return []
        }
        _ = completion.candidates(before: "pop ", "T")
        _ = completion.candidates(before: "tunnel show ", "2001")
    }
}
