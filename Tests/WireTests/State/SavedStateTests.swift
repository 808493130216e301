import TestSupport
import Testing
import Wire

@Suite("A state file") struct SavedStateTests {
    static func sample() throws -> SavedState {
        let pop = PoPDetails(
            id: 1,
            name: "chtst01",
            ipv4: IPv4Address(192, 0, 2, 42),
            ipv6: try IPv6Address(parsing: "2001:db8::42")
        )
        let salt = (0..<UInt8(SavedState.saltLength)).map { $0 }
        var state = SavedState(pop: pop, writtenAt: 1_234_567_890, isFinal: true, salt: salt)
        state.sessions = [
            SavedSession(
                tid: try TID(parsing: "0"),
                number: try TunnelNumber(parsing: "T4141"),
                remoteEnd: .fixed(try IPAddress(parsing: "203.0.113.10")),
                isUp: true,
                encapsulation: .gre,
                local: Endpoint(.ipv4(IPv4Address(192, 0, 2, 42)), port: 0),
                remote: Endpoint(.ipv4(IPv4Address(203, 0, 113, 10)), port: 0)
            ),
            SavedSession(
                tid: try TID(parsing: "1fff"),
                number: try TunnelNumber(parsing: "T5072"),
                remoteEnd: .dynamic(.ayiya),
                isUp: true,
                encapsulation: .ayiya,
                local: Endpoint(try IPAddress(parsing: "2001:db8::42"), port: 5072),
                remote: Endpoint(try IPAddress(parsing: "2001:db8:beef::7"), port: 40000),
                beats: .init(
                    seenAt: 1_234_567_880,
                    newest: 1_234_567_999,
                    newestSeenAt: 1_234_567_879,
                    seal: state.seal(of: "secret")
                )
            ),
        ]
        return state
    }

    @Test func isReadAsItWasWritten() throws {
        let state = try Self.sample()

        #expect(try SavedState(parsing: state.text) == state)
        #expect(
            String(decoding: state.text, as: UTF8.self).hasPrefix("sixxsd state 1\npop 1 chtst01 192.0.2.42 ")
        )
    }

    @Test func bringsNoPassword() throws {
        let state = try Self.sample()

        #expect(!String(decoding: state.text, as: UTF8.self).contains("secret"))
        #expect(state.seal(of: "secret").count == 32)
        #expect(state.seal(of: "secret") != state.seal(of: "secreu"))
        var other = state
        other.salt[0] ^= 1
        #expect(other.seal(of: "secret") != state.seal(of: "secret"))
    }

    @Test func isRefusedWhenAnyOctetIsAnother() throws {
        let text = try Self.sample().text
        for index in text.indices {
            #expect(throws: SavedState.Failure.self, "octet \(index)") {
                try SavedState(parsing: text.with(text[index] ^ 1, at: index))
            }
        }
    }

    @Test func isRefusedWhenItEndsEarlyOrLate() throws {
        let text = try Self.sample().text
        for count in 0..<text.count {
            #expect(throws: SavedState.Failure.self) { try SavedState(parsing: Array(text.prefix(count))) }
        }
        #expect(throws: SavedState.Failure.self) { try SavedState(parsing: text + [0x0a]) }
    }

    // swift-format-ignore
    static let strangers: [Row<String, String>] = [
        Row("nothing",             "",                       is: "it is not a state file"),
        Row("something else",      "pop set id 1\n",         is: "it is not a state file"),
        Row("a later version",     "sixxsd state 2\nx\n",    is: "it has version 2, and this program reads 1"),
        Row("no head",             "sixxsd state 1\n",       is: "it is damaged (line 2)"),
        Row("no end",              "sixxsd state 1",         is: "it is not a state file"),
    ]

    @Test(arguments: Self.strangers)
    func saysWhyItIsRefused(_ row: Row<String, String>) {
        let failure = #expect(throws: SavedState.Failure.self) {
            try SavedState(parsing: Array(row.input.utf8))
        }

        #expect(failure?.description == row.output)
    }

    @Test func thatIsHugeIsRefusedBeforeItIsRead() {
        let failure = #expect(throws: SavedState.Failure.self) {
            try SavedState(parsing: [UInt8](repeating: 0x20, count: SavedState.maximumLength + 1))
        }

        #expect(failure == .tooLong)
    }

    /// Right to the digest, but not what a daemon writes.
    @Test func thatCannotBeIsRefused() throws {
        let good = try Self.sample()
        var changes: [(inout SavedState) -> Void] = []
        changes.append { $0.sessions.swapAt(0, 1) }
        changes.append { $0.sessions.append($0.sessions[1]) }
        changes.append { $0.sessions[1].beats?.seenAt = $0.writtenAt + 1 }
        changes.append { $0.sessions[1].beats?.newestSeenAt = $0.writtenAt + 1 }
        changes.append { $0.sessions[1].beats?.newest = -1 }
        changes.append { $0.sessions[1].beats?.newest = .max }
        changes.append { $0.sessions[1].beats?.seal = [1] }
        changes.append { $0.sessions[1].beats = nil }
        changes.append { $0.writtenAt = .min }
        changes.append { $0.salt = [] }
        changes.append { $0.pop.name = "two words" }
        for (index, change) in changes.enumerated() {
            var bad = good
            change(&bad)
            #expect(throws: SavedState.Failure.self, "change \(index)") { try SavedState(parsing: bad.text) }
        }
    }

    /// RFC 4231, test cases 1, 2, 3 and 6.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131),
            Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func sealsAsTheVectorsSay(_ key: [UInt8], _ message: [UInt8], _ code: String) {
        #expect(MessageDigest.sha256.authenticationCode(of: message, key: key).hexadecimalText == code)
    }
}
