import NIOCore
import Wire

/// One conversation on the control port: lines in, replies out.
struct ControlSession {
    typealias Channel = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let console: Console
    private let caller: Console.Caller
    private var position = MenuPosition()
    private var framer = ControlFramer(maximumLineLength: ControlRequest.maximumLineLength)
    private var pushRequest: PushRequest?
    private var isOver = false

    init(_ console: Console, for caller: Console.Caller) {
        self.console = console
        self.caller = caller
    }

    /// Speaks until the other side leaves or asks to end.
    ///
    /// - Throws: Errors of the connection.
    mutating func run(on channel: Channel) async throws {
        try await channel.executeThenClose { inbound, outbound in
            try await Self.send(self.console.greeting(), to: outbound)
            for try await buffer in inbound {
                self.framer.append(buffer.readableBytesView)
                while !self.isOver, let reply = await self.nextReply() {
                    try await Self.send(reply, to: outbound)
                }
                if self.isOver { return }
            }
        }
    }

    private static func send(
        _ reply: ControlReply,
        to outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        try await outbound.write(ByteBuffer(bytes: reply.encoded))
    }

    /// The answer to what has arrived, or nil when more must arrive first.
    private mutating func nextReply() async -> ControlReply? {
        if let request = self.pushRequest {
            guard let body = self.framer.nextBody(count: request.length) else { return nil }
            self.pushRequest = nil
            return await self.console.push(request, body)
        }
        while let line = self.framer.nextLine() {
            guard case .line(let text) = line else {
                self.isOver = true
                return ControlReply(
                    400,
                    "expected a line of at most \(ControlRequest.maximumLineLength) octets"
                )
            }
            if let reply = await self.answer(text) { return reply }
            if let request = self.pushRequest, let body = self.framer.nextBody(count: request.length) {
                self.pushRequest = nil
                return await self.console.push(request, body)
            }
            if self.pushRequest != nil { return nil }
        }
        return nil
    }

    /// The answer to a line, or nil when it asks for none: an empty line, or a push whose text must come first.
    private mutating func answer(_ line: String) async -> ControlReply? {
        var words = Words(line)
        switch self.position.follow(&words) {
        case .nothing: return nil
        case .moved: return ControlReply(200, self.position.description)
        case .whereAmI: return ControlReply(200, self.position.description)
        case .alreadyAtTop: return ControlReply(400, "already at the top")
        case .help: return ControlReply(200, lines: self.position.menu.help)
        case .fullHelp: return ControlReply(200, lines: self.position.menu.fullHelp)
        case .unknown(let word): return ControlReply(404, "unknown command \"\(word.text)\", try help")
        case .command("cmd exit"), .command("cmd quit"):
            self.isOver = true
            return ControlReply(200, "bye")
        case .command("config push"): return self.beginPush(&words)
        case .command(let path): return await self.console.perform(path, words, for: self.caller)
        }
    }

    private mutating func beginPush(_ words: inout Words) -> ControlReply? {
        do {
            self.pushRequest = try PushRequest(&words)
            return nil
        } catch {
            // What follows is a text of unknown length, and must not be taken for commands.
            self.isOver = true
            return ControlReply(error)
        }
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
