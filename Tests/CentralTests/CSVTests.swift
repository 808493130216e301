import Testing

@testable import Central

@Suite("Comma-separated values")
struct CSVTests {
    private static func read(_ text: String) -> (records: [[String]], problems: String?) {
        let problems = TransferProblems()
        var reader = CSVReader(Array(text.utf8), file: "t.csv", problems: problems)
        var records: [[String]] = []
        while let record = reader.nextRecord() { records.append(record.map(\.text)) }
        do {
            try problems.throwAny()
            return (records, nil)
        } catch {
            return (records, error.problems.map(\.description).joined(separator: "\n"))
        }
    }

    static let texts: [(String, [[String]])] = [
        ("", []), ("\r\n\n", []), ("a", [["a"]]), ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
        ("a,b\nc,d", [["a", "b"], ["c", "d"]]), (",\n", []),
        ("a,b\n,\n  , \t\n\nc,d\n,", [["a", "b"], ["c", "d"]]),
        ("a;b\nc,x;d\n", [["a", "b"], ["c,x", "d"]]), ("a\tb\nc;x\td", [["a", "b"], ["c;x", "d"]]),
        ("sep=;\r\na;b\r\n", [["a", "b"]]), ("\u{feff}sep=;\r\na,b;c\r\n", [["a,b", "c"]]),
        ("\u{feff}a,b", [["a", "b"]]),
        ("\"a,b\",\"c\"\"d\"\n", [["a,b", "c\"d"]]), ("\"a\r\nb\",c\n", [["a\r\nb", "c"]]),
        ("\"\",x\n\ny,z\n", [["", "x"], ["y", "z"]]),
    ]

    @Test(arguments: texts)
    func reads(_ text: String, _ records: [[String]]) {
        let result = Self.read(text)

        #expect(result.records == records)
        #expect(result.problems == nil)
    }

    static let mistakes: [(String, String)] = [
        ("a,\"b", "t.csv:1:3: expected a closing quote, found the end of the text"),
        (
            "a\n\"b\"c,d\n",
            "t.csv:2:4: expected a separator or the end of the line, found more text behind a field"
        ),
        ("\"a\nb\",\"c", "t.csv:2:4: expected a closing quote, found the end of the text"),
    ]

    @Test(arguments: mistakes)
    func saysWhereATextIsWrong(_ text: String, _ problem: String) {
        #expect(Self.read(text).problems == problem)
    }

    @Test func refusesOctetsThatAreNoText() {
        let problems = TransferProblems()
        var reader = CSVReader([0x61, 0x2c, 0xff], file: "t.csv", problems: problems)

        _ = reader.nextRecord()

        let error = #expect(throws: TransferError.self) { try problems.throwAny() }
        #expect(error?.problems.first?.description == "t.csv:1:3: expected UTF-8 text, found other octets")
    }

    @Test func readsWhatItWrites() {
        let fields = ["", "a b", "a,b", "\"", "\"\"", "a\nb", "a\r\nb", "é€😀"]

        let text = CSVText.record(fields) + CSVText.record(fields.reversed())

        #expect(Self.read(text).records == [fields, fields.reversed()])
    }
}
