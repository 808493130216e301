import ArgumentParser
import Foundation
import Testing
import Wire

@testable import sixxsd

@Suite("Numbers that people bring")
struct NumberOptionTests {
    static let extremes = [
        "-9223372036854775808", "-1", "0", "2147483648", "9223372036854775807", "9223372036854775808",
        "99999999999999999999999999", "1e300", "",
    ]

    @Test func areJudgedWhereTheyAreRead() throws {
        let options: [(option: String, range: ClosedRange<Int>, value: (RunCommand) -> Int)] = [
            ("--batch", 1...DataPathOptions.largestBatch, \.batch),
            ("--workers", 1...Workers.most, \.workers),
            ("--busy-poll", 0...DataPathOptions.longestBusyPoll, \.busyPoll),
        ]
        for (option, range, value) in options {
            for extreme in Self.extremes {
                let command = try? Sixxsd.parseAsRoot(["run", "--config", "x", "\(option)=\(extreme)"])
                guard let run = command as? RunCommand else { continue }
                #expect(range.contains(value(run)), "\(option) \(extreme)")
            }
        }
    }

    @Test(arguments: [
        "127.0.0.1:65536", "127.0.0.1:99999999999999999999", "127.0.0.1:-1", "::1:",
    ])
    func noEndpointHasAnImpossiblePort(_ text: String) {
        #expect(throws: (any Error).self) { try Sixxsd.parseAsRoot(["--config", "x", "--control", text]) }
    }

    /// What may stand behind the words of the comment that begins the file, or the trial's.
    @Test(arguments: extremes)
    func noNumberInACommentOfOursIsTakenUnlooked(_ number: String) async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        try Data("# sixxsd generation \(number)\n\(Bench.text)".utf8).write(
            to: URL(fileURLWithPath: bench.file.path)
        )
        #expect((0...Int(Int32.max)).contains(try bench.file.load().generation))

        for numbers in [("7", number, "200"), ("7", "2000000000", number), (number, "2000000000", "200")] {
            let head = "# sixxsd trial of generation \(numbers.0) until \(numbers.1) of \(numbers.2)\n"
            let trial = URL(fileURLWithPath: bench.file.path + ".trial")
            try Data((head + Bench.text).utf8).write(to: trial)
            for now in [0, Int64.max, 2_000_000_000] {
                let start = try BootConfiguration(bench.file, at: now)
                if let remaining = start.trial?.remaining { #expect(remaining > .zero) }
            }
        }
    }
}
