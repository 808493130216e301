import HTTP
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing
import Wire

@testable import Central
@testable import CentralTIC

/// A connection of TIC without a network, whose time is the test's.
@Suite("A TIC connection") struct TICServerTests {
    /// A server that lets jdoe in with any answer that is `right`.
    private struct Site {
        let figures = TICFigures()
        let service: TICService
        let clock: FakeClock

        init(_ limits: TICLimits = TICLimits(), failure: RegistryError? = nil) throws {
            let clock = FakeClock()
            self.clock = clock
            self.service = TICService(
                rules: TICDialogue.Rules(),
                limits: limits,
                registry: ConnectionRegistry(most: limits.connections, ofOne: limits.connectionsOfOne),
                delays: LoginDelays { clock.now },
                handshakes: Handshakes(most: limits.handshakes, ofOne: limits.handshakesOfOne),
                figures: self.figures,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                certificate: nil,
                unixTime: { 1_700_000_000 },
                logIn: { account, proof in
                    if let failure { throw failure }
                    guard proof.response == "right" else { return nil }
                    return ClientAccess(account: account, tunnels: [], pops: [])
                }
            )
        }

        func connect() async throws -> Client { try await Client(self.service) }
    }

    private final class FakeClock: Sendable {
        private let time = Mutex(ContinuousClock.now)
        var now: ContinuousClock.Instant { self.time.withLock(\.self) }
        func pass(_ duration: Duration) { self.time.withLock { $0 += duration } }
    }

    private struct Client {
        let channel = NIOAsyncTestingChannel()

        init(_ service: TICService) async throws {
            let channel = self.channel
            let client = IPAddress.ipv4(IPv4Address(192, 0, 2, 77))
            try await channel.testingEventLoop.executeInContext {
                try TICServer.serve(channel, from: client, service)
            }
            try await channel.connect(to: SocketAddress(ipAddress: "192.0.2.77", port: 1)).get()
        }

        var isOpen: Bool { self.channel.isActive }

        func send(_ text: String) async throws {
            guard self.isOpen else { return }
            _ = try await self.channel.writeInbound(ByteBuffer(string: text))
        }

        /// So many lines that are sent.
        func lines(_ count: Int) async throws -> [String] {
            var text = ""
            while text.count(where: { $0 == "\n" }) < count {
                text += String(buffer: try await self.channel.waitForOutboundWrite(as: ByteBuffer.self))
            }
            return text.split(separator: "\n").map(String.init)
        }

        func pass(_ seconds: Int64) async {
            await self.channel.testingEventLoop.advanceTime(by: .seconds(seconds))
        }

        /// Asks for a challenge and answers it.
        func answer(_ response: String) async throws {
            try await self.send("username jdoe\nchallenge md5\n")
            _ = try await self.lines(2)
            try await self.send("authenticate md5 \(response)\n")
        }
    }

    private static let banner = "200 sixxs-central \(Release.version) TIC service ready"

    @Test func answersLinesInPiecesAndManyAtOnce() async throws {
        let client = try await Site().connect()
        #expect(try await client.lines(1) == [Self.banner])
        try await client.send("get un")
        try await client.send("ixtime\r\nget unixtime\nclient x\nQU")
        #expect(
            try await client.lines(3) == ["200 1700000000", "200 1700000000", "200 Client Identity accepted"]
        )
        try await client.send("IT\n")
        #expect(try await client.lines(1) == ["200 Goodbye"])
        await client.pass(2)
        #expect(!client.isOpen)
    }

    @Test func logsInAndTellsWhatFollowed() async throws {
        let site = try Site()
        let client = try await site.connect()
        _ = try await client.lines(1)
        try await client.send("username jdoe\nchallenge md5\n")
        let challenge = try await client.lines(2)[1]
        #expect(challenge.count == 4 + 32 && challenge.hasPrefix("200 "))
        // What follows waits until the secret is compared.
        try await client.send("authenticate md5 right\ntunnel list\nquit\n")
        #expect(
            try await client.lines(4)
                == [
                    "200 Successfully logged in", "201 Listing tunnels", "202 End of the list", "200 Goodbye",
                ]
        )
        #expect(site.figures.logins(.accepted) == 1)
    }

    @Test func wrongSecretsWaitLongerEachTime() async throws {
        let site = try Site()
        for wait in [0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30] as [Int64] {
            let client = try await site.connect()
            _ = try await client.lines(1)
            try await client.answer("wrong")
            if wait > 0 {
                await client.pass(wait - 1)
                #expect(try await client.channel.readOutbound(as: ByteBuffer.self) == nil)
                await client.pass(1)
            }
            #expect(try await client.lines(1) == ["500 Wrong username or secret"])
            try await client.channel.close().get()
        }
        #expect(site.figures.logins(.refused) == 11)
        // After some hours the address is as good as any other.
        site.clock.pass(.seconds(6 * 3600))
        let client = try await site.connect()
        _ = try await client.lines(1)
        try await client.answer("right")
        #expect(try await client.lines(1) == ["200 Successfully logged in"])
    }

    @Test func threeWrongSecretsEndAConnection() async throws {
        let client = try await Site().connect()
        _ = try await client.lines(1)
        for _ in 0..<3 {
            try await client.answer("wrong")
            #expect(try await client.lines(1) == ["500 Wrong username or secret"])
        }
        await client.pass(2)
        #expect(!client.isOpen)
    }

    @Test func saysThatItIsItsOwnFault() async throws {
        let site = try Site(failure: .unusable("no disk"))
        let client = try await site.connect()
        _ = try await client.lines(1)
        try await client.answer("right")
        #expect(try await client.lines(1) == ["500 The service cannot look that up now: try again later"])
        #expect(site.figures.logins(.failed) == 1)
        await client.pass(2)
        #expect(!client.isOpen)
    }

    /// What a client does, what it is told, and after how many seconds of silence.
    // swift-format-ignore
    static let ends: [(name: String, sent: String, seconds: Int64, told: String)] = [
        ("nothing at all",  "",                                        30,  "500 No command came in time"),
        ("half a line",     "get unix",                                30,  "500 No command came in time"),
        ("an endless line", String(repeating: "a", count: 1025),       0,   "400 Lines have at most 1023 octets"),
        ("a flood",         String(repeating: "a", count: 9000),       0,   "400 Too many commands at once"),
        ("HTTP",            "QUIT / HTTP/1.1\r\n\r\n",                 0,   "200 Goodbye"),
    ]

    @Test(arguments: ends)
    func endsWithALine(_ name: String, _ sent: String, _ seconds: Int64, _ told: String) async throws {
        let client = try await Site().connect()
        _ = try await client.lines(1)
        try await client.send(sent)
        if seconds > 0 {
            await client.pass(seconds - 1)
            #expect(try await client.channel.readOutbound(as: ByteBuffer.self) == nil)
            await client.pass(1)
        }
        #expect(try await client.lines(1) == [told])
        await client.pass(2)
        #expect(!client.isOpen)
    }

    @Test func octetsNowAndThenAreNoLine() async throws {
        let client = try await Site().connect()
        _ = try await client.lines(1)
        for _ in 0..<3 {
            await client.pass(9)
            try await client.send("a")
        }
        await client.pass(3)
        #expect(try await client.lines(1) == ["500 No command came in time"])
    }

    @Test func commandsNowAndThenLastNotForEver() async throws {
        let client = try await Site().connect()
        _ = try await client.lines(1)
        for _ in 0..<14 {
            await client.pass(20)
            try await client.send("get unixtime\n")
            #expect(try await client.lines(1) == ["200 1700000000"])
        }
        await client.pass(20)
        #expect(try await client.lines(1) == ["500 The connection lasted too long"])
    }

    @Test func oneOfTooManyIsTold() async throws {
        var limits = TICLimits()
        limits.connectionsOfOne = 2
        let site = try Site(limits)
        let first = try await site.connect()
        let second = try await site.connect()
        let third = try await site.connect()
        #expect(try await first.lines(1) == [Self.banner])
        #expect(try await second.lines(1) == [Self.banner])
        #expect(try await third.lines(1) == ["500 Too many connections: try again later"])
        #expect(first.isOpen && second.isOpen && !third.isOpen)
        var exposition = Exposition()
        site.figures.write(to: &exposition)
        let text = String(decoding: exposition.octets, as: UTF8.self)
        #expect(text.contains("sixxs_tic_connections_total{admitted=\"true\"} 2\n"))
        #expect(text.contains("sixxs_tic_connections_total{admitted=\"false\"} 1\n"))
    }

    @Test func isToldThatTheServiceEnds() async throws {
        let client = try await Site().connect()
        _ = try await client.lines(1)
        let channel = client.channel
        try await channel.testingEventLoop.executeInContext {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        #expect(try await client.lines(1) == ["500 The service ends: try again later"])
    }
}

@Suite("Delays of logins") struct LoginDelayTests {
    private static func account(_ text: String = "jdoe") throws -> ClientAccount {
        try ClientAccount(parsing: text)
    }
    private static func client(_ text: String) throws -> IPAddress { try IPAddress(parsing: text) }

    @Test func countAnAccountWhereverGuessesComeFrom() throws {
        let delays = LoginDelays()
        let waits = try (1...10).map { delays.begin(try Self.client("192.0.2.\($0)"), try Self.account()) }
        #expect(waits == [0, 0, 0, 0, 1, 2, 4, 8, 8, 8].map { Duration.seconds($0) })
        // Others are not held up, whether they exist or not.
        #expect(delays.begin(try Self.client("192.0.2.99"), try Self.account("roe")) == .zero)
        // One who goes well is no failure.
        for _ in 0..<100 {
            #expect(delays.begin(try Self.client("192.0.2.98"), try Self.account("roe/T1")) == .zero)
            delays.forgive(try Self.client("192.0.2.98"), try Self.account("ROE/T1"))
        }
    }

    @Test func countANetwork() throws {
        let delays = LoginDelays()
        let waits = try (0..<6).map { index in
            delays.begin(try Self.client("2001:db8:1:2::\(index)"), try Self.account("user\(index)"))
        }
        #expect(waits == [0, 0, 0, 0, 1, 2].map { Duration.seconds($0) })
        // Of a network of 48 bits as much as of eight others.
        let wide = try (0..<48).map { index in
            delays.begin(try Self.client("2001:db8:7:\(index)::1"), try Self.account("other\(index)"))
        }
        #expect(wide.prefix(28).allSatisfy { $0 == .zero } && wide.last == .seconds(4))
        #expect(delays.begin(try Self.client("2001:db8:8::1"), try Self.account("last")) == .zero)
    }

    @Test func forgetAndStayBounded() throws {
        let clock = Mutex(ContinuousClock.now)
        let delays = LoginDelays(most: 64) { clock.withLock(\.self) }
        let guesser = try Self.client("192.0.2.1")
        for _ in 0..<8 { _ = delays.begin(guesser, nil) }
        #expect(delays.begin(guesser, nil) == .seconds(16))
        // Whoever comes from many addresses does not make this one forgotten.
        for index in 0..<500 {
            _ = delays.begin(.ipv4(IPv4Address(10, 0, UInt8(index / 250), UInt8(index % 250))), nil)
        }
        #expect(delays.begin(guesser, nil) == .seconds(30))
        clock.withLock { $0 += .seconds(600) }
        #expect(delays.begin(guesser, nil) == .zero)
    }
}
