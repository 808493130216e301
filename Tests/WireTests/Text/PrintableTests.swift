import Testing

@testable import Wire

@Suite("Printable text")
struct PrintableTests {
    /// What a text becomes on a terminal, as one line and as several.
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let line: String
        let lines: String

        init(_ description: String, _ text: String, _ line: String, lines: String? = nil) {
            self.testDescription = description
            self.text = text
            self.line = line
            self.lines = lines ?? line
        }
    }

    static let cases = [
        Case("plain", "Zürich, 東京 🚀 £5", "Zürich, 東京 🚀 £5"),
        Case("a combining accent", "e\u{301}", "e\u{301}"),
        Case("escape sequences", "a\u{1b}[31mb\u{1b}]0;x\u{7}c", "a?[31mb?]0;x?c"),
        Case("NUL", "a\0b", "a?b"),
        Case("delete", "a\u{7f}b", "a?b"),
        Case("C1: the CSI of one octet", "a\u{9b}31mb", "a?31mb"),
        Case("line feed", "a\nb", "a b", lines: "a\nb"),
        Case("carriage return", "a\rb", "a b"),
        Case("vertical tab and form feed", "a\u{b}\u{c}b", "a  b"),
        Case("next line", "a\u{85}b", "a b"),
        Case("line and paragraph separators", "a\u{2028}\u{2029}b", "a  b"),
        Case("tab", "a\tb", "a b", lines: "a\tb"),
        Case("right-to-left override", "a\u{202e}b\u{202c}", "a?b?"),
        Case("isolates", "\u{2066}a\u{2069}", "?a?"),
        Case("marks of direction", "\u{200e}\u{200f}\u{61c}", "???"),
        Case("zero width space and no-break space", "a\u{200b}\u{feff}\u{2060}b", "a???b"),
        Case("soft hyphen", "a\u{ad}b", "a?b"),
        Case("a grapheme joiner, a filler and a variation selector", "a\u{34f}\u{115f}\u{fe0f}", "a???"),
        Case("tags", "a\u{e0041}\u{e007f}", "a??"),
        Case("private use", "\u{e000}", "?"),
        Case("a noncharacter", "\u{fffe}", "?"),
        Case("unassigned", "\u{378}", "?"),
        Case(
            "joiners behind a virama",
            "क\u{94d}\u{200d}ष क\u{94d}\u{200c}ष",
            "क\u{94d}\u{200d}ष क\u{94d}\u{200c}ष"
        ),
        Case("a non-joiner in a Persian word", "می\u{200c}خواهم", "می\u{200c}خواهم"),
        Case("joiners elsewhere", "a\u{200d}b\u{200c}", "a?b?"),
        Case("octets that are not UTF-8", String(decoding: [0x61, 0xff], as: UTF8.self), "a\u{fffd}"),
    ]

    @Test(arguments: cases)
    func showsWhatCanBeSeenAndNothingElse(_ example: Case) {
        #expect(example.text.printable.unicodeScalars.elementsEqual(example.line.unicodeScalars))
        #expect(example.text.printableLines.unicodeScalars.elementsEqual(example.lines.unicodeScalars))
        #expect(example.line.printable == example.line)
    }

    @Test func saysWhichCharacterCannotBeSeen() {
        #expect("Os\u{1b}lo".firstUnprintable?.scalar == "\u{1b}")
        #expect("Os\u{1b}lo".firstUnprintable?.position == 2)
        #expect("Oslo".firstUnprintable == nil)
        #expect("Malmö".firstUnprintable == nil)
        #expect(String(decoding: [0x61, 0xff], as: UTF8.self).firstUnprintable?.scalar == "\u{fffd}")
    }

    @Test func noPasswordHasWhatCannotBeSeen() {
        for text in [
            "a\u{1b}b", "a\u{85}b", "a\u{2028}b", "a\u{202e}b", "a b", "", String(repeating: "a", count: 133),
        ] {
            #expect(!TunnelPassword(text).isConfigurable)
        }
        for text in ["geheim", "pässwört", "p\u{61}\u{308}ss", "密码"] {
            #expect(TunnelPassword(text).isConfigurable)
        }
    }

    @Test func aReplyIsOneLineWhateverItRepeats() {
        #expect(ControlReply(404, "no \u{1b}[2J\u{202e}\nx\ty").text == "no ?[2J? x\ty")
        #expect(
            ControlReply(200, lines: ["\ta", "b\u{2028}c"]).encoded == Array("201 2\n\ta\nb c\n200 OK\n".utf8)
        )
    }
}
