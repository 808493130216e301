import TestSupport
import Testing
import Wire

@Suite("A position in the menus") struct MenuTests {
    // swift-format-ignore
    static let lines: [Row<[String], String>] = [
        Row("at the top",             [],                             is: "/"),
        Row("into a menu",            ["pop"],                        is: "/pop"),
        Row("into a menu by steps",   ["pop", "set"],                 is: "/pop/set"),
        Row("two menus in one line",  ["pop set"],                    is: "/pop/set"),
        Row("one level back by dots", ["pop set", ".."],              is: "/pop"),
        Row("one level back by end",  ["pop set", "END"],             is: "/pop"),
        Row("to the top",             ["pop set", "/"],               is: "/"),
        Row("a command moves nowhere", ["pop", "set id 1"],           is: "/pop"),
        Row("an error moves nowhere", ["pop", "set nothing"],         is: "/pop"),
        Row("end at the top",         ["end"],                        is: "/"),
        Row("comments and blanks",    ["pop", "# end", "// end", " "], is: "/pop"),
    ]

    @Test(arguments: Self.lines)
    func followsLines(_ row: Row<[String], String>) {
        var position = MenuPosition()
        for line in row.input {
            var words = Words(line)
            _ = position.follow(&words)
        }

        #expect(position.description == row.output)
        #expect(position.isAtTop == (row.output == "/"))
    }

    private static func step(_ line: String) -> (MenuPosition.Step, [String]) {
        var position = MenuPosition()
        var words = Words(line)
        let step = position.follow(&words)
        return (step, words.rest().map(\.text))
    }

    @Test func namesACommandByItsFullPathAndLeavesItsArguments() {
        let (step, rest) = Self.step("\tPOP  Set ID\t1 x")

        #expect(step == .command("pop set id"))
        #expect(rest == ["1", "x"])
    }

    @Test func namesTheWordItDoesNotKnow() {
        guard case .unknown(let word, _) = Self.step("pop  nothing").0 else {
            Issue.record("known")
            return
        }

        #expect(word.text == "nothing")
        #expect(word.column == 6)
    }

    @Test func readsAWordAnewInEachMenu() {
        var position = MenuPosition()
        let steps = ["pop get", "id", "id", ".. ", "set", "id 1", "ID 2", "/", "id"].map { line in
            var words = Words(line)
            return position.follow(&words)
        }

        #expect(Array(steps[1...2]) == Array(repeating: .command("pop get id"), count: 2))
        #expect(Array(steps[5...6]) == Array(repeating: .command("pop set id"), count: 2))
        guard case .unknown = steps[8] else { Issue.record("id at the top"); return }
    }

    @Test func findsWordsWhereTheyStand() {
        var words = Words("\t one  two\t")
        #expect(words.columns == [3, 8])
        #expect(words.next()?.text == "one")
        #expect(words.peek?.isKeyword("two") == true)
        #expect(words.rest().map(\.text) == ["two"])
        #expect(words.isAtEnd && words.next() == nil)
        #expect(throws: Words.Failure(column: 12, expected: "three", found: "end of line")) {
            try words.next(expecting: "three")
        }
    }

    // swift-format-ignore
    static let asides: [Row<String, MenuPosition.Step>] = [
        Row("empty",          "",         is: .nothing),
        Row("comment",        "# pop",    is: .nothing),
        Row("comment, slashes", "//pop",  is: .nothing),
        Row("where",          ".",        is: .whereAmI),
        Row("help",           "Help",     is: .help),
        Row("question mark",  "?",        is: .help),
        Row("full help",      "fullhelp", is: .fullHelp),
        Row("end at the top", "end",      is: .alreadyAtTop),
    ]

    @Test(arguments: Self.asides)
    func tellsAsidesFromCommands(_ row: Row<String, MenuPosition.Step>) {
        #expect(Self.step(row.input).0 == row.output)
    }

    @Test func hasNoTwoEntriesOfOneNameInAMenu() {
        var menus = [Menu.top]
        while let menu = menus.popLast() {
            let names = menu.menus.map(\.name) + menu.commands.map(\.name)
            #expect(Set(names).count == names.count, "\(menu.name)")
            #expect(names.allSatisfy { $0 == $0.lowercased() }, "\(menu.name)")
            menus += menu.menus
        }
    }
}
