import NIOCore
import Wire

/// One conversation on the control port: lines in, replies out, whatever carries them.
struct ControlSession: Sendable {
    private let handler: CommandHandler
    private let caller: CommandHandler.Caller
    private let guest: Guest
    private let limits: SessionLimits
    private let registry: SessionRegistry

    init(
        _ handler: CommandHandler,
        for caller: CommandHandler.Caller,
        of guest: Guest = .root,
        _ limits: SessionLimits,
        _ registry: SessionRegistry
    ) {
        self.handler = handler
        self.caller = caller
        self.guest = guest
        self.limits = limits
        self.registry = registry
    }

    /// Speaks until the other side leaves, asks to end, or must be left.
    ///
    /// - Parameters:
    ///   - inbound: What comes in.
    ///   - write: Sends octets, and waits while the other side doesn't read.
    ///   - close: Cuts the connection, so that reading and writing end.
    /// - Throws: Errors of the connection.
    func run<Inbound: AsyncSequence & Sendable>(
        _ inbound: Inbound,
        write: @escaping @Sendable (ByteBuffer) async throws -> Void,
        close: @escaping @Sendable () -> Void
    ) async throws where Inbound.Element == ByteBuffer {
        let clock = SessionClock(self.limits)
        let writer = SessionWriter(clock, write)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                switch try await clock.verdict() {
                case .idle: try? await writer.send(ControlReply(425, "no command for 15 minutes: closing"))
                case .stalled: break
                }
                close()
            }
            group.addTask {
                var reader = SessionReader(
                    self.handler,
                    self.caller,
                    self.guest,
                    self.limits,
                    self.registry,
                    clock,
                    writer
                )
                try await reader.run(inbound)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

/// Understands what comes in, and answers.
private struct SessionReader {
    private let handler: CommandHandler
    private let caller: CommandHandler.Caller
    private let guest: Guest
    private let limits: SessionLimits
    private let registry: SessionRegistry
    private let clock: SessionClock
    private let writer: SessionWriter
    private var traces: SessionTraces
    private var position = MenuPosition()
    private var framer = ControlFramer(maximumLineLength: ControlRequest.maximumLineLength, of: .text)
    private var textRequest: TextRequest?
    /// Commands that don't exist, since the last one that does.
    private var unknownCommands = 0
    private var isOver = false

    init(
        _ handler: CommandHandler,
        _ caller: CommandHandler.Caller,
        _ guest: Guest,
        _ limits: SessionLimits,
        _ registry: SessionRegistry,
        _ clock: SessionClock,
        _ writer: SessionWriter
    ) {
        self.handler = handler
        self.caller = caller
        self.guest = guest
        self.limits = limits
        self.registry = registry
        self.clock = clock
        self.writer = writer
        self.traces = SessionTraces(handler.context.traces, writer, clock, limit: limits.traces)
    }

    mutating func run<Inbound: AsyncSequence>(
        _ inbound: Inbound
    ) async throws where Inbound.Element == ByteBuffer {
        do {
            try await self.speak(inbound)
            await self.end()
        } catch {
            await self.end()
            throw error
        }
    }

    private mutating func end() async {
        await self.traces.endAll()
        if let request = self.textRequest { self.registry.endText(self.guest, octets: request.length) }
    }

    private mutating func speak<Inbound: AsyncSequence>(
        _ inbound: Inbound
    ) async throws where Inbound.Element == ByteBuffer {
        try await self.writer.send(self.handler.greeting())
        for try await buffer in inbound {
            self.framer.append(buffer.readableBytesView)
            while !self.isOver, try await self.takeNext() {}
            if self.isOver { return }
        }
    }

    /// Takes a line, or the text behind one; false when more must arrive first.
    private mutating func takeNext() async throws -> Bool {
        if let request = self.textRequest {
            guard let octets = self.framer.nextBody(count: request.length) else { return false }
            self.textRequest = nil
            self.clock.touch()
            try await self.answer(request, octets)
            return true
        }
        switch self.framer.nextLine() {
        case nil: return false
        case .tooLong:
            let expected = "expected a line of at most \(ControlRequest.maximumLineLength) octets"
            try await self.end(with: ControlReply(400, expected))
        case .binary: try await self.end(because: .binary)
        case .line(let line):
            await self.traces.endForeground()
            try await self.answer(line)
        }
        return true
    }

    private mutating func end(with reply: ControlReply) async throws {
        self.isOver = true
        try await self.writer.send(reply)
    }

    /// Leaves somebody who speaks something else: nothing that follows is meant for this port.
    private mutating func end(because foreign: ForeignProtocol) async throws {
        let text = "this is the control port of sixxsd, found \(foreign): bye"
        try await self.end(with: ControlReply(400, text))
    }

    private mutating func answer(_ line: String) async throws {
        if let foreign = ForeignProtocol(line: line) { return try await self.end(because: foreign) }
        var words = Words(line)
        if !words.isAtEnd { self.clock.touch() }
        switch self.follow(&words) {
        case .nothing: break
        case .moved, .whereAmI: try await self.writer.send(ControlReply(200, self.position.description))
        case .alreadyAtTop: try await self.writer.send(ControlReply(400, "already at the top"))
        case .help: try await self.writer.send(ControlReply(200, lines: self.position.menu.help))
        case .fullHelp: try await self.writer.send(ControlReply(200, lines: self.position.menu.fullHelp))
        case .unknown(let word, let nearest): try await self.answer(unknown: word.text, nearest)
        case .command("exit"), .command("quit"), .command("cmd exit"), .command("cmd quit"):
            try await self.end(with: ControlReply(200, "bye"))
        case .command("config push"):
            try await self.expectText { () throws(Words.Failure) in try TextRequest(push: &words) }
        case .command("config diff"):
            try await self.expectText { () throws(Words.Failure) in try TextRequest(difference: &words) }
        case .command("config patch"):
            try await self.expectText { () throws(Words.Failure) in try TextRequest(patch: &words) }
        case .command(let path): try await self.perform(path, words)
        }
    }

    private mutating func follow(_ words: inout Words) -> MenuPosition.Step {
        let step = self.position.follow(&words)
        switch step {
        case .unknown, .nothing: break
        default: self.unknownCommands = 0
        }
        return step
    }

    private mutating func answer(unknown word: String, _ nearest: String?) async throws {
        if let foreign = ForeignProtocol(unknownCommand: word) { return try await self.end(because: foreign) }
        self.unknownCommands += 1
        let text = "unknown command \"\(word.prefix(40))\""
        guard self.unknownCommands < self.limits.unknownCommands else {
            let end = "\(text), the \(self.unknownCommands)th one after the other: bye"
            return try await self.end(with: ControlReply(404, end))
        }
        let hint = nearest.map { ": did you mean \"\($0)\"?" } ?? ", try help"
        try await self.writer.send(ControlReply(404, text + hint))
    }

    private func answer(_ request: TextRequest, _ octets: [UInt8]) async throws {
        let endText = { self.registry.endText(self.guest, octets: request.length) }
        // The text has gone by the time that the reply leaves.
        let work = {
            defer { endText() }
            return await self.handler.take(request, octets)
        }
        guard case .difference = request.purpose else { return try await self.writer.send(await work()) }
        try await self.takeTurn(orElse: endText, work)
    }

    /// Answers what takes long when it is this user's turn, and leaves the place to others once the kernel has the answer.
    ///
    /// - Parameters:
    ///   - giveUp: What to do when the turn does not come.
    ///   - work: Makes the answer.
    /// - Throws: `CancellationError` when the turn does not come, or errors of the connection.
    private func takeTurn(
        orElse giveUp: () -> Void = {},
        _ work: () async -> ControlReply
    ) async throws {
        let turns = self.registry.turns
        do { try await turns.begin(self.guest) } catch {
            giveUp()
            throw error
        }
        defer { turns.endReply(self.guest) }
        let reply = await work()
        turns.endWork(self.guest)
        try await self.writer.send(reply)
    }

    private mutating func perform(_ path: String, _ words: Words) async throws {
        if CommandHandler.large.contains(path) {
            let (handler, caller) = (self.handler, self.caller)
            return try await self.takeTurn { await handler.reply(path, words, for: caller) }
        }
        switch await self.handler.perform(path, words, for: self.caller) {
        case .reply(let reply): try await self.writer.send(reply)
        case .trace(let request): try await self.traces.trace(request)
        case .debug(let request): try await self.traces.debug(request)
        case .endDebug(let tid, let name): try await self.traces.endDebug(tid, name: name)
        }
    }

    private mutating func expectText(
        _ read: () throws(Words.Failure) -> TextRequest
    ) async throws {
        let request: TextRequest
        do throws(Words.Failure) { request = try read() } catch {
            // What follows is a text of unknown length, and must not be taken for commands.
            return try await self.end(with: ControlReply(error))
        }
        if let full = self.registry.beginText(self.guest, octets: request.length) {
            let whose = full == .ofGuest ? " of this user" : ""
            let text = "too many texts\(whose) are on their way: try again later"
            return try await self.end(with: ControlReply(425, text))
        }
        self.framer.expectBody(count: request.length)
        self.textRequest = request
        self.clock.expectText()
    }
}

extension Menu {
    /// A line for each menu and command here.
    var help: [String] {
        let menus = self.menus.map { "\($0.name): \($0.summary)" }
        let commands = self.commands.map { "\($0.usage): \($0.summary)" }
        return menus + commands + [
            "..: leaves the menu, /: goes to the top, .: says where, fullhelp: lists everything"
        ]
    }

    /// A line for each command here and below.
    var fullHelp: [String] { self.lines(below: self.name.isEmpty ? "" : "\(self.name) ") }

    private func lines(below prefix: String) -> [String] {
        self.commands.map { "\(prefix)\($0.usage): \($0.summary)" }
            + self.menus.flatMap { $0.lines(below: "\(prefix)\($0.name) ") }
    }
}

extension Menu.Command {
    fileprivate var usage: String { self.arguments.isEmpty ? self.name : "\(self.name) \(self.arguments)" }
}
