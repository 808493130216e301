import ArgumentParser
import Testing

@testable import Streams

@Suite("Unknown words")
struct UnknownWordTests {
    private struct Root: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "program",
            subcommands: [Tunnel.self],
            groupedSubcommands: [CommandGroup(name: "Others", subcommands: [Status.self])]
        )
    }

    private struct Tunnel: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tunnel",
            subcommands: [List.self, Remove.self]
        )
    }

    private struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "remove")
    }

    private struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", aliases: ["ls"])
        @Argument var words: [String] = []
        @Option var owner: String?
    }

    private struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "status")
    }

    @Test(arguments: [
        (["nope", "--help"], true), (["help", "tunnel", "nope"], true), (["tunnel", "nope", "-h"], true),
        (["tunnel", "list", "--onwer", "--help"], false), (["tunnel", "--help"], false), (["--help"], false),
        (["help"], false), (["--version"], false),
    ])
    func areNoHelp(_ line: [String], _ isUnknown: Bool) {
        #expect((UnknownWord(on: line, of: Root.self, commandsOnly: true) != nil) == isUnknown)
    }

    @Test(
        arguments: [
            (["set", "--mtu", "-1"], ["set", "--mtu=-1"]),
            (["set", "--mtu", "-1.5", "x"], ["set", "--mtu=-1.5", "x"]),
            (["set", "--mtu", "--json"], ["set", "--mtu", "--json"]),
            (["-1", "--", "-2"], ["-1", "--", "-2"]),
            (["--mtu=5", "-1"], ["--mtu=5", "-1"]), (["--mtu", "-x"], ["--mtu", "-x"]), ([], []),
        ] as [([String], [String])]
    )
    func orNumbersBelowZeroBehindAnOption(_ line: [String], _ joined: [String]) {
        #expect(NegativeNumber.joined(line) == joined)
    }

    @Test(
        arguments: [
            (
                ["tunel", "list"],
                "Error: There is no command 'program tunel'. Did you mean 'program tunnel'?\n  See 'program --help' for those there are."
            ),
            (
                ["tunnel", "lst"],
                "Error: There is no command 'program tunnel lst'. Did you mean 'program tunnel list'?\n"
                    + "  See 'program tunnel --help' for those there are."
            ),
            (
                ["ls"],
                "Error: There is no command 'program ls'. Did you mean 'program tunnel ls'?\n  See 'program --help' for those there are."
            ),
            (
                ["tunnel", "delete"],
                "Error: There is no command 'program tunnel delete'. Did you mean 'program tunnel remove'?\n"
                    + "  See 'program tunnel --help' for those there are."
            ),
            (
                ["whatever"],
                "Error: There is no command 'program whatever'.\n  See 'program --help' for those there are."
            ),
            (
                ["tunnel", "list", "x", "--onwer", "jdoe"],
                "Error: 'program tunnel list' has no option '--onwer'. Did you mean '--owner'?\n"
                    + "  See 'program tunnel list --help' for those there are."
            ),
            (
                ["status", "--nonsense=3"],
                "Error: 'program status' has no option '--nonsense'.\n  See 'program status --help' for those there are."
            ),
            (["tunnel", "ls", "--owner", "x"], nil), (["tunnel", "list", "--", "--onwer"], nil),
            (["tunnel", "list", "lsit"], nil), (["tunnel", "ls"], nil), (["status", "x"], nil),
            (["--version"], nil),
            (
                ["help", "tunel"],
                "Error: There is no command 'program tunel'. Did you mean 'program tunnel'?\n  See 'program --help' for those there are."
            ),
            (["help", "tunnel", "list"], nil), (["help"], nil), ([], nil),
        ] as [([String], String?)]
    )
    func areNamedWithWhatWasPerhapsMeant(_ line: [String], _ expected: String?) {
        #expect(UnknownWord(on: line, of: Root.self)?.message.description == expected)
    }
}
