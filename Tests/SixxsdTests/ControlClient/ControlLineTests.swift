import Foundation
import Testing
import Wire

@testable import sixxsd

@Suite("A line for the control port") struct ControlLineTests {
    private static func octets(_ line: String) throws -> [UInt8]? {
        var position = MenuPosition()
        guard case .request(let octets) = try ControlLine(line, at: &position) else { return nil }
        return octets
    }

    @Test(arguments: ["pop show status", "nonsense", "tunnel show T1", "pop", ""])
    func goesAsItIs(_ line: String) throws {
        #expect(try Self.octets(line) == Array("\(line)\n".utf8))
    }

    @Test(arguments: ["exit", "quit", "EXIT", "cmd exit"]) func endsTheSession(_ line: String) throws {
        #expect(try Self.octets(line) == nil)
    }

    @Test func movesWithTheDaemon() throws {
        var position = MenuPosition()
        for (line, place) in [("pop", "/pop"), ("show", "/pop/show"), ("..", "/pop"), ("/", "/")] {
            _ = try ControlLine(line, at: &position)
            #expect(position.description == place)
        }
    }

    @Test func takesTextsFromFiles() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "text-\(UUID())")
        try Data("pop set id 1\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }

        #expect(
            try Self.octets("config diff \(file.path)") == ControlRequest.difference(text: "pop set id 1\n")
        )
        #expect(
            try Self.octets("config push 7 \(file.path) confirm 60 force")
                == ControlRequest.push(
                    generation: 7,
                    text: "pop set id 1\n",
                    confirmSeconds: 60,
                    isForced: true
                )
        )
        let (old, new) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
        let patch = try #require(try Self.octets("config patch \(file.path) from \(old) to \(new)"))
        #expect(String(decoding: patch, as: UTF8.self).hasPrefix("config patch 13 "))
        #expect(String(decoding: patch, as: UTF8.self).hasSuffix(" from \(old) to \(new)\npop set id 1\n"))
        #expect(
            try Self.octets("config push 7 \(file.path)")
                == ControlRequest.push(generation: 7, text: "pop set id 1\n")
        )
    }

    // swift-format-ignore
    @Test(arguments: [
        ("config diff",                   "expected config diff <file>"),
        ("config diff /none",             "/none: No such file or directory (open); expected config diff <file>"),
        ("config diff /dev/null x",       "expected config diff <file>"),
        ("config push",                   "expected config push <generation> <file> [confirm <seconds>] [force]"),
        ("config push x /dev/null",       "expected config push <generation> <file> [confirm <seconds>] [force]"),
        ("config patch /dev/null",        "expected config patch <file> from <sha256> to <sha256> [force]"),
        ("config push 1 /dev/null maybe", "expected config push <generation> <file> [confirm <seconds>] [force]"),
    ])
    func saysWhatATextNeeds(_ line: String, _ words: String) {
        let failure = #expect(throws: ControlLine.Failure.self) { try Self.octets(line) }

        #expect(failure?.description == words)
    }
}
