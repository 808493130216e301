import Core
import Foundation
import LinuxIO
import Logging
import NIOCore
import Synchronization
import Testing
import Wire

@testable import sixxsd

/// A daemon without sockets: a real engine on a thread of its own, a real controller with a file, and sessions whose
/// octets the test holds in its hands.
final class Bench: Sendable {
    static let text = """
        pop set details 1 chtst01 192.0.2.42 2001:db8::42
        pop set details 2 detst01 198.51.100.1 2001:db8::2
        pop set id 1
        pop tunnelprefix add 2001:db8:2ff::/48
        pop subnetprefix add 2001:db8:3000::/40
        tunnel set config 0 T4141 203.0.113.10 up 1480
        tunnel set config 1 T5072 ayiya up 1428 f3d47c2de40fb698e1ab15d757a09bfc
        tunnel set config 666 T84823 198.18.1.1 disabled 1280
        subnet set config 2001:db8:3001::/48 1 static

        """

    /// Routes that go nowhere.
    private struct NoRoutes: RouteKeeper {
        func follow(_ configuration: Configuration) throws(SystemCallError) {}
        func compare() -> [Deviation] { [] }
    }

    /// What the engine's thread and the test share.
    private final class Switch: Sendable {
        let isStopping = Atomic(false)
    }

    let folder: URL
    let file: ConfigurationFile
    let controller: ConfigurationController
    let levels = LogLevels(.info)
    let disk = BackgroundThread("disk")
    let ledger = KernelLedger()
    let mailbox: EngineMailbox
    let handler: CommandHandler
    let shutdowns = Mutex(0)
    private let stop = Switch()

    /// Starts with what a file says.
    ///
    /// - Parameters:
    ///   - text: What the file says, or nil to leave it as an earlier bench left it.
    ///   - folder: Where it is.
    ///   - now: The time, for what was on trial.
    /// - Throws: What a daemon would not start with.
    init(
        _ text: String? = Bench.text,
        in folder: URL? = nil,
        at now: Int64 = Int64(WallClock.secondsSince1970())
    ) async throws {
        let place = folder ?? FileManager.default.temporaryDirectory.appending(path: "sixxsd-\(UUID())")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let file = ConfigurationFile(path: place.appending(path: "sixxsd.conf").path)
        if let text { try Data(text.utf8).write(to: URL(fileURLWithPath: file.path)) }
        let start = try BootConfiguration(file, at: now)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        self.folder = place
        self.file = file
        self.mailbox = try EngineMailbox()
        self.controller = ConfigurationController(
            start,
            file: file,
            disk: self.disk,
            mailboxes: EngineMailboxes(self.mailbox),
            routes: NoRoutes(),
            levels: self.levels,
            logger: logger
        )
        let context = CommandContext(
            controller: self.controller,
            mailboxes: EngineMailboxes(self.mailbox),
            traces: TraceHub(EngineMailboxes(self.mailbox)),
            ledger: self.ledger,
            clock: DaemonClock(),
            control: ["127.0.0.1:42003"],
            tunName: "sixxs",
            logger: logger,
            shutDown: {}
        )
        self.handler = CommandHandler(context: context)
        Self.serve(self.mailbox, EngineConfiguration(start.running.configuration), until: self.stop)
        try await self.controller.begin(start)
    }

    deinit { self.stop.isStopping.store(true, ordering: .relaxed) }

    /// Removes what was written.
    func remove() { try? FileManager.default.removeItem(at: self.folder) }

    private static func serve(
        _ mailbox: EngineMailbox,
        _ configuration: EngineConfiguration,
        until stop: Switch
    ) {
        let thread = Thread {
            var engine = Engine(configuration, seed: 1, at: Self.now)
            while !stop.isStopping.load(ordering: .relaxed) {
                mailbox.deliver(to: &engine, at: Self.now)
                Thread.sleep(forTimeInterval: 0.0005)
            }
            mailbox.deliver(to: &engine, at: Self.now)
        }
        thread.start()
    }

    private static var now: Timestamp {
        Timestamp(monotonic: MonotonicClock.now(), unixTime: Int64(WallClock.secondsSince1970()))
    }

    // MARK: - Sessions

    /// Holds a whole conversation.
    ///
    /// - Returns: Everything that was answered, the greeting included.
    func converse(
        _ octets: [UInt8],
        as caller: CommandHandler.Caller = .loopback,
        limits: SessionLimits = SessionLimits()
    ) async throws -> String {
        let line = Wires()
        line.send(octets)
        line.hangUp()
        let session = ControlSession(self.handler, for: caller, limits, SessionRegistry(limits))
        try await session.run(line.inbound, write: { line.receive($0) }, close: { line.hangUp() })
        return line.said
    }

    /// The answers to some lines, without the greeting.
    func answers(_ lines: String, as caller: CommandHandler.Caller = .loopback) async throws -> String {
        let said = try await self.converse(Array("\(lines)\n".utf8), as: caller)
        return said.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().dropLast()
            .joined(separator: "\n")
    }

    /// What the report says of errors that are no tunnel's, read as a collector reads it.
    func uplinkErrorsOfReport() async throws -> [String: UInt64] {
        struct Report: Decodable {
            struct Uplink: Decodable { let errors: [String: UInt64] }
            let uplink: Uplink
        }
        let lines = try await self.answers("pop report").split(separator: "\n")
        return try JSONDecoder().decode(Report.self, from: Data((lines.dropFirst().first ?? "").utf8)).uplink
            .errors
    }

    // MARK: - Packets

    /// Has the user of T5072 sign a datagram, from 198.51.100.7 and port 40000.
    func beat() async throws {
        let header = AYIYAHeader(
            opcode: .noOperation,
            nextHeader: ProtocolNumber.noNextHeader,
            epochTime: UInt32(WallClock.secondsSince1970()),
            identity: try IPv6Address(parsing: "2001:db8:2ff:1::2")
        )
        let path = OuterPath(
            local: .ipv4(IPv4Address(192, 0, 2, 42)),
            remote: .ipv4(IPv4Address(198, 51, 100, 7)),
            localPort: AYIYAPacket.port,
            remotePort: 40000
        )
        await self.mailbox.perform { engine, now in
            let start = PacketBuffer.headroom
            let end = start + AYIYAPacket.headerLength
            var slot = [UInt8](repeating: 0, count: 512)
            var spareSlot = slot
            var span = slot.mutableSpan
            var spareSpan = spareSlot.mutableSpan
            var octets = span.mutableBytes
            let secret = AYIYASecret(password: "f3d47c2de40fb698e1ab15d757a09bfc")
            header.encode(into: &octets, at: start, payloadLength: 0, signedWith: secret)
            var buffer = PacketBuffer(octets, range: start..<end)
            var spare = PacketBuffer(spareSpan.mutableBytes, range: start..<start)
            let outer = OuterHeader(path: path, trafficClass: 0)
            _ = engine.receiveFromUnderlay(&buffer, spare: &spare, as: .ayiya, outer, at: now)
        }
    }

    /// Has the kernel refuse packets of the PoP itself.
    func fail(count: Int) async throws {
        let remote = IPAddress.ipv4(IPv4Address(198, 51, 100, 9))
        await self.mailbox.perform { engine, now in
            let packet: [UInt8] = [0x60, 1, 2]
            for _ in 0..<count {
                engine.noteSendError(packet.span.bytes, tunnel: nil, toward: remote, .own, at: now)
            }
        }
    }

    /// What a push of a text answers.
    func push(
        _ generation: Int,
        _ text: String,
        confirm: Int? = nil,
        force: Bool = false
    ) async throws -> String {
        let request = ControlRequest.push(
            generation: generation,
            text: text,
            confirmSeconds: confirm,
            isForced: force
        )
        let said = try await self.converse(request)
        return said.split(separator: "\n").last.map(String.init) ?? ""
    }
}

/// Both directions of a session's octets.
final class Wires: Sendable {
    let inbound: AsyncThrowingStream<ByteBuffer, any Error>
    private let continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
    private let received = Mutex("")

    init() {
        (self.inbound, self.continuation) = AsyncThrowingStream.makeStream()
    }

    func send(_ octets: [UInt8]) { self.continuation.yield(ByteBuffer(bytes: octets)) }

    func hangUp() { self.continuation.finish() }

    func receive(_ buffer: ByteBuffer) {
        self.received.withLock { $0 += String(buffer: buffer) }
    }

    /// What the daemon has said.
    var said: String { self.received.withLock { $0 } }
}
