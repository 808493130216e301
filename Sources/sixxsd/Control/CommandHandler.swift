import Core
import Foundation
import Logging
import Wire

/// Carries out the commands of control sessions; one for all of them.
struct CommandHandler: Sendable {
    let context: CommandContext

    /// Who is asking, which decides what may be seen and done.
    enum Caller: Sendable {
        /// Somebody on the UNIX socket, whose file mode lets only the daemon's user and group in.
        case unixSocket
        /// Somebody on the host, on the TCP port.
        case loopback
        /// Somebody elsewhere, whom `cliacl` lets in.
        case network
    }

    /// Commands that look at all tunnels, or whose reply may be large: of those each user has a few at once.
    static let large: Set<String> = [
        "pop report", "pop show status", "tunnel list", "tunnel stats", "config show", "explain",
    ]

    /// What comes of a command.
    enum Answer: Sendable {
        case reply(ControlReply)
        /// Decisions that are shown as they happen, until an end.
        case trace(TraceRequest)
        /// Decisions that are shown beside everything else.
        case debug(TraceRequest)
        /// No more of those.
        case endDebug(TID, name: String)
    }

    private var live: ExplainCommands { ExplainCommands(context: self.context) }
    private var config: ConfigCommands { ConfigCommands(context: self.context) }

    /// What a line on connecting says.
    func greeting() async -> ControlReply {
        let name = await self.context.controller.state.configuration.pop.ownDetails?.name ?? "unconfigured"
        return ControlReply(200, "\(name) sixxsd \(Release.version)")
    }

    /// Carries out a command that has no text behind it and doesn't end the session.
    ///
    /// - Parameters:
    ///   - path: The command's full path, such as `pop show status`.
    ///   - words: Its arguments.
    ///   - caller: Who is asking.
    /// - Returns: What to answer.
    func perform(_ path: String, _ words: Words, for caller: Caller) async -> Answer {
        self.context.logger.debug("command", metadata: ["path": "\(path)"])
        let answer = await self.outcome(path, words, for: caller)
        if case .reply(let reply) = answer {
            self.context.figures.count(reply.code)
        } else {
            self.context.figures.count(200)
        }
        return answer
    }

    private func outcome(_ path: String, _ words: Words, for caller: Caller) async -> Answer {
        do {
            return try await self.answer(path, words, for: caller)
        } catch let failure as Words.Failure {
            return .reply(ControlReply(failure))
        } catch let failure as ConfigurationFailure {
            return .reply(ControlReply(failure))
        } catch let reply as CommandRefusal {
            return .reply(reply.reply)
        } catch {
            return .reply(ControlReply(500, "\(error)"))
        }
    }

    /// Carries out a command that is answered by a reply, as all those do that take long.
    func reply(_ path: String, _ words: Words, for caller: Caller) async -> ControlReply {
        guard case .reply(let reply) = await self.perform(path, words, for: caller) else {
            return ControlReply(500, "\(path) has no single reply")
        }
        return reply
    }

    private func answer(_ path: String, _ words: Words, for caller: Caller) async throws -> Answer {
        var words = words
        switch path {
        case "trace": return try await self.live.trace(&words)
        case "tunnel set debug": return try await self.live.debug(&words)
        case "explain": return .reply(try await self.live.explain(&words))
        case "pop cliacl add", "pop cliacl remove":
            return .reply(try await AccessCommands(context: self.context).change(path, &words))
        default: break
        }
        if path != "pop saveconfig", let command = try ConfigurationCommand(path, &words) {
            try await self.context.controller.perform { $0.apply(command) }
            return .reply(ControlReply(200, "OK"))
        }
        switch path.split(separator: " ").first {
        case "pop":
            return .reply(try await PoPCommands(context: self.context).perform(path, words, for: caller))
        case "tunnel": return .reply(try await TunnelCommands(context: self.context).perform(path, words))
        case "config": return .reply(try await self.config.perform(path, words, for: caller))
        default: return .reply(ControlReply(404, "unknown command \"\(path)\""))
        }
    }
}

extension CommandHandler {
    /// Does what was asked with a text that has arrived.
    func take(_ request: TextRequest, _ octets: [UInt8]) async -> ControlReply {
        let reply = await self.config.take(request, octets)
        self.context.figures.count(reply.code)
        return reply
    }
}

/// An answer that ends a command early.
struct CommandRefusal: Error {
    let reply: ControlReply

    init(_ code: Int, _ text: String) {
        self.reply = ControlReply(code, text)
    }
}

extension ControlReply {
    /// A reply about a word that is wrong.
    init(_ failure: Words.Failure) {
        self.init(400, "column \(failure.column): expected \(failure.expected), found \(failure.found)")
    }

    /// A reply about a change that was not made.
    init(_ failure: ConfigurationFailure) {
        let code =
            switch failure {
            case .conflict: 400
            case .unchanged: 304
            case .nothingToConfirm: 404
            case .older, .otherBase, .otherResult: 409
            case .tooManyLosses, .renumbers, .empty, .emptyAtStart, .onTrial: 425
            case .notSaved, .ending: 500
            }
        self.init(code, "\(failure)")
    }
}
