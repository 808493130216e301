import Testing

@testable import Streams

@Suite("Printed text")
struct PrintedTextTests {
    private struct OneLine: Error, CustomStringConvertible {
        let description = "a\nb\u{1b}[m"
    }

    private struct TwoLines: ErrorInLines, CustomStringConvertible {
        let lines = ["a\u{1b}", "b\nc"]
        let description = "not this"
    }

    @Test func trustsItsOwnWordsAndNobodyElses() {
        let foreign = "x\u{1b}[2J\ny"
        let clean: PrintedText = "\u{1b}[1m\(1)"

        let text: PrintedText = "a\n\(foreign)\u{1b}[m\(clean)" + "\n"

        #expect(text.description == "a\nx?[2J y\u{1b}[m\u{1b}[1m1\n")
    }

    @Test func rowsStayOnTheirLines() {
        #expect(PrintedText(rows: ["a\nb", "c\u{202e}"]).description == "a b\nc?")
        #expect(PrintedText(lines: "a\r\n\tb\u{7}\n").description == "a \n\tb?\n")
    }

    @Test func anErrorHasTheLinesThatItSaysItHas() {
        #expect(PrintedText(OneLine()).description == "a b?[m")
        #expect(PrintedText(TwoLines()).description == "a?\nb c")
        let one: PrintedText = "so: \(OneLine())"
        let two: PrintedText = "so: \(TwoLines() as any Error)"
        #expect(one.description == "so: a b?[m")
        #expect(two.description == "so: a?\nb c")
    }

    @Test func escapesJSONToTheSameValue() {
        let json = "{\n  \"a\" : \"\u{7f}\u{202e}\u{e0041}ü\u{fffd}\"\n}"

        let text = PrintedText(json: json).description

        #expect(text == "{\n  \"a\" : \"\\u007f\\u202e\\udb40\\udc41ü\u{fffd}\"\n}")
    }

    @Test func oneMessageOfALogIsOneLine() {
        #expect(LogStream.cleaned("info: a\nerror: b\u{1b}[m\n") == "info: a error: b?[m\n")
        #expect(LogStream.cleaned("info: a\n") == "info: a\n")
    }
}
