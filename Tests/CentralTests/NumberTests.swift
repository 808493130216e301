import ArgumentParser
import Foundation
import GRDB
import Streams
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("Numbers on their way in")
struct NumberTests {
    static let extremes = [
        "-9223372036854775808", "-1", "0", "1", "2147483648", "4294967296", "9223372036854775807",
        "9223372036854775808", "18446744073709551616", "99999999999999999999999999", "1e300", "nan", "-0",
        "+1", "",
    ]

    /// Every option that takes a number, behind what its command needs besides.
    static let options: [[String]] = [
        ["check", "--small"], ["check", "--overdue"], ["check", "--recent"], ["check", "--skew"],
        ["check", "--timeout"], ["check", "-w"], ["check", "-c"], ["push", "--confirm"],
        ["serve", "--interval"],
        ["serve", "--lease"], ["status", "--every"], ["history", "chtst01", "--limit"],
        ["history", "chtst01", "--diff"], ["audit", "--last"], ["events", "--last"], ["log", "--last"],
        ["trace", "T1", "--packets"], ["trace", "T1", "--seconds"], ["rollback", "chtst01"],
        ["pop", "set", "chtst01", "--poll"], ["pop", "set", "chtst01", "--mtu"],
        ["pop", "set", "chtst01", "--ssh-port"], ["tunnel", "set", "T1", "--mtu"],
        ["tunnel", "move", "T1", "chtst01", "--tid"],
        ["pop", "add", "chtst01", "--ipv4", "192.0.2.1", "--ipv6", "2001:db8::1", "--id"],
    ]

    /// What a command does with a number before it asks the database.
    @Test(arguments: options)
    func areJudgedWhereTheyAreRead(_ words: [String]) throws {
        for extreme in Self.extremes {
            guard let command = try? SixxsCentral.parseAsRoot(words + [extreme]) else { continue }
            if let check = command as? CheckCommand {
                #expect((0...315_360_000).contains(check.overdue) && (0...315_360_000).contains(check.recent))
                #expect((0...315_360_000).contains(check.skew) && (0...1_000_000).contains(check.small))
            }
        }
        // Thresholds alone are no whole numbers.
        let whole = ["9223372036854775808", "99999999999999999999999999"]
        for extreme in ["nan", ""] + (words.last?.count == 2 ? [] : whole) {
            #expect(throws: (any Error).self) { _ = try SixxsCentral.parseAsRoot(words + [extreme]) }
        }
    }

    @Test(arguments: ["s", "m", "h", "d", "w"])
    func noSpanReachesBackBeyond1970(_ unit: String) throws {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        for number in ["999999999999", "9223372036854775807", "99999999999999999999", "-1", "1.5", ""] {
            guard let time = try? OptionParsers.since(number + unit, now: now) else { continue }
            Issue.record("\(number)\(unit) was taken for \(time)")
        }
        #expect(try OptionParsers.since("1" + unit, now: now) < now)
        #expect(throws: SyntaxError.self) { try OptionParsers.since("999999999999w", now: now) }
    }

    @Test(arguments: [
        "2026-02-30", "2026-13-01", "0000-00-00", "1969-12-31", "99999-01-01", "2026-11-24T25:00:00Z",
        "2026-11-24T23:59:60Z", "2026-11-24 10:00:00", "+262143-12-31", "２０２６-11-24",
    ])
    func noDayThatThereIsNotIsTaken(_ text: String) {
        #expect(throws: SyntaxError.self) { try OptionParsers.since(text, now: Date()) }
    }

    @Test func aTimeBeyondWhatTheDatabaseHoldsIsTheLastThereIs() {
        #expect(Date(timeIntervalSince1970: 1e300).milliseconds == .max)
        #expect(Date(timeIntervalSince1970: -1e300).milliseconds == .min)
        #expect(Date(timeIntervalSince1970: .infinity).milliseconds == .max)
        #expect(Date(timeIntervalSince1970: 1.5).milliseconds == 1500)
    }

    static let waves: [(key: String, least: Int, most: Int)] = [
        ("share", 0, 100), ("settle", 0, 3600), ("tunnelDrop", 0, 100), ("errorJump", 1, 1_000_000_000),
        ("confirm", 10, 3600),
    ]

    @Test(arguments: waves)
    func wavesAreWithinTheirRanges(_ key: String, _ least: Int, _ most: Int) throws {
        func decode(_ number: String) throws -> WavePolicy {
            var values = [
                "share": "0", "settle": "0", "tunnelDrop": "20", "errorJump": "1000", "confirm": "120",
            ]
            values[key] = number
            let json = "{" + values.map { "\"\($0)\": \($1)" }.joined(separator: ",") + "}"
            return try JSONDecoder().decode(WavePolicy.self, from: Data(json.utf8))
        }
        for number in [least, most] { _ = try decode("\(number)") }
        for number in [
            "\(least - 1)", "\(most + 1)", "\(Int.max)", "\(Int.min)", "1e300", "1.5", "null", "\"1\"",
        ] {
            #expect(throws: DecodingError.self) { try decode(number) }
        }
    }

    @Test(arguments: [Int.max, Int.min])
    func wavesOfARegistryThatHoldsMoreAreNoneTheLess(_ number: Int) async throws {
        let test = try await TestStore(Fixture.registry())
        try await test.store.registryFile.write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO setting (name, value) VALUES ('waves', ?)",
                arguments: [
                    #"{"share":\#(number),"settle":\#(number),"tunnelDrop":\#(number),"errorJump":\#(number),"#
                        + #""confirm":\#(number)}"#
                ]
            )
        }

        let waves = try await test.store.registry.snapshot(of: .fleet).waves

        #expect(WavePolicy.shares.contains(waves.share) && WavePolicy.shares.contains(waves.tunnelDrop))
        #expect(WavePolicy.settles.contains(waves.settle) && WavePolicy.confirms.contains(waves.confirm))
        #expect(WavePolicy.errorJumps.contains(waves.errorJump))
        // What mends it.
        try await test.store.registry.apply([.setWaves(WavePolicy())], by: "test")
        #expect(try await test.store.registry.snapshot(of: .fleet).waves == WavePolicy())
    }

    /// Every number of a document that `export` writes.
    static let documentKeys = [
        "id", "sshPort", "tunnelMTU", "pollInterval", "mtu", "share", "settle", "tunnelDrop", "errorJump",
        "confirm",
    ]

    @Test(arguments: documentKeys)
    func noNumberOfAnImportIsTakenUnlooked(_ key: String) async throws {
        let test = try await TestStore(Fixture.registry())
        let document = TransferDocument(
            try await test.store.registry.snapshot(of: .fleet),
            only: nil,
            secrets: .hidden
        )
        let json = try JSONText.pretty(document).description
        let pattern = try Regex("\"\(key)\" : [0-9]+")
        #expect(json.contains(pattern))
        for number in [
            "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e300", "-1", "1.5",
        ] {
            let octets = Array(json.replacing(pattern, with: "\"\(key)\" : \(number)").utf8)
            #expect(throws: TransferError.self) { try TransferFleet(json: octets, file: "f.json") }
        }
    }

    /// Every key of the inventory that is a number, in a file of its kind.
    static let inventoryKeys: [(key: String, text: String)] = [
        ("id", "id: N"), ("mtu", "mtu: N"), ("poll", "poll: N"), ("ssh.port", "ssh:\n  port: N"),
    ]

    static let fleetKeys = [
        "defaults:\n  mtu: N", "defaults:\n  poll: N", "defaults:\n  ssh:\n    port: N", "waves:\n  share: N",
        "waves:\n  settle: N", "waves:\n  tunnel-drop: N", "waves:\n  error-jump: N", "waves:\n  confirm: N",
    ]

    @Test func noNumberOfTheInventoryIsTakenUnlooked() throws {
        let pop = "id: 1\nname: chtst01\nipv4: 192.0.2.1\nipv6: 2001:db8::1\n"
        for number in ["9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e300", "-1"] {
            for (key, text) in Self.inventoryKeys {
                let text = text.replacing("N", with: number)
                let base = key == "id" ? pop.replacing("id: 1\n", with: "") : pop
                #expect(throws: InventoryError.self) { try Self.read(base + text, fleet: "") }
            }
            for text in Self.fleetKeys {
                #expect(throws: InventoryError.self) {
                    try Self.read(pop, fleet: text.replacing("N", with: number))
                }
            }
        }
    }

    private static func read(_ pop: String, fleet: String) throws -> Inventory {
        let folder = try TemporaryFolder()
        try folder.write(pop, to: "pops/chtst01.yaml")
        if !fleet.isEmpty { try folder.write(fleet, to: "fleet.yaml") }
        return try InventoryReader(folder: folder.path).read()
    }
}
