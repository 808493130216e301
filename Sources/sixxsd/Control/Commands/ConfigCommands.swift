import Foundation
import LinuxIO
import Wire

/// A line that announces a text behind it, understood.
struct TextRequest: Sendable {
    /// What to do with the text.
    enum Purpose: Sendable {
        /// Make it the running configuration; the limit is in seconds.
        case push(generation: Int, confirmLimit: Int?, isForced: Bool)
        /// Say what that would change.
        case difference
        /// Make the lines that it has part of the running configuration, whose digest before and after it says.
        case patch(from: String, to: String, isForced: Bool)
    }

    let purpose: Purpose
    /// Length of the text, in octets.
    let length: Int
    /// SHA-256 of the text, in lower-case hexadecimal.
    let digest: String

    /// Reads the arguments of `config push`.
    ///
    /// - Throws: ``Wire/Words/Failure`` with the first word that is wrong.
    init(push words: inout Words) throws(Words.Failure) {
        let generation = try words.nextNumber("a generation", in: 0...Int(Int32.max))
        (self.length, self.digest) = try Self.text(&words)
        var confirmLimit: Int?
        var isForced = false
        while let word = words.next() {
            if word.isKeyword("confirm"), confirmLimit == nil {
                confirmLimit = try words.nextNumber("seconds", in: 1...86_400)
            } else if word.isKeyword("force"), !isForced {
                isForced = true
            } else {
                let expected = "confirm <seconds>, force or the end of the line"
                throw Words.Failure(column: word.column, expected: expected, found: "\"\(word.text)\"")
            }
        }
        self.purpose = .push(generation: generation, confirmLimit: confirmLimit, isForced: isForced)
    }

    /// Reads the arguments of `config diff`.
    ///
    /// - Throws: ``Wire/Words/Failure`` with the first word that is wrong.
    init(difference words: inout Words) throws(Words.Failure) {
        (self.length, self.digest) = try Self.text(&words)
        self.purpose = .difference
        try words.end()
    }

    /// Reads the arguments of `config patch`.
    ///
    /// - Throws: ``Wire/Words/Failure`` with the first word that is wrong.
    init(patch words: inout Words) throws(Words.Failure) {
        (self.length, self.digest) = try Self.text(&words, upTo: ConfigurationPatch.maximumLength)
        try words.nextKeyword(of: ["from": ()])
        let old = try Self.digest(&words)
        try words.nextKeyword(of: ["to": ()])
        let new = try Self.digest(&words)
        let isForced = words.peek?.isKeyword("force") == true
        if isForced { _ = words.next() }
        self.purpose = .patch(from: old, to: new, isForced: isForced)
        try words.end()
    }

    private static func text(
        _ words: inout Words,
        upTo most: Int = ControlRequest.maximumPushLength
    ) throws(Words.Failure) -> (length: Int, digest: String) {
        let length = try words.nextNumber("a length in octets", in: 0...most)
        return (length, try Self.digest(&words))
    }

    private static func digest(_ words: inout Words) throws(Words.Failure) -> String {
        try words.next(expecting: "a SHA-256 of 64 hexadecimal digits") { text in
            let lowered = text.lowercased()
            let isDigest = lowered.utf8.count == 64 && lowered.allSatisfy { $0.isHexDigit }
            return isDigest ? lowered : nil
        }
    }
}

/// Carries out the commands of menu `config`, and does what is asked with texts.
struct ConfigCommands: Sendable {
    let context: CommandContext

    func perform(
        _ path: String,
        _ words: Words,
        for caller: CommandHandler.Caller
    ) async throws -> ControlReply {
        var words = words
        if path == "config confirm" { return try await self.confirm(&words) }
        if path == "config reload" { return try await self.reload(&words) }
        try words.end()
        let state = await self.context.controller.state
        switch path {
        case "config rollback":
            guard let generation = await self.context.controller.rollBack() else {
                return ControlReply(404, "nothing to roll back: the running configuration is confirmed")
            }
            return ControlReply(200, "rolled back: generation \(generation) is running again")
        case "config show": return Self.show(state.configuration, for: caller)
        case "config digest":
            let time = state.appliedAt.formatted(.iso8601)
            return ControlReply(200, "generation \(state.generation) sha256 \(state.digest) applied \(time)")
        default: return ControlReply(404, "unknown command \"\(path)\"")
        }
    }

    /// The whole text, which loads to the same state, for those on the UNIX socket; without passwords for others.
    private static func show(
        _ configuration: Configuration,
        for caller: CommandHandler.Caller
    ) -> ControlReply {
        let text: String
        switch caller {
        case .unixSocket: text = configuration.canonicalText
        case .loopback, .network: text = configuration.text(passwords: .hidden)
        }
        return ControlReply(200, lines: text.split(separator: "\n").map(String.init))
    }

    /// Reads the file again, as SIGHUP does; only here it can be said that a mass change is meant.
    private func reload(_ words: inout Words) async throws -> ControlReply {
        let isForced = words.peek?.isKeyword("force") == true
        if isForced { _ = words.next() }
        try words.end()
        do {
            return ControlReply(
                200,
                "read again: \(try await self.context.controller.reload(isForced: isForced))"
            )
        } catch let error as ConfigurationError {
            return ControlReply(400, "\(error)")
        }
    }

    private func confirm(_ words: inout Words) async throws -> ControlReply {
        let generation = try words.nextNumber("a generation", in: 0...Int(Int32.max))
        try words.end()
        let doubt = try await self.context.controller.confirm(generation: generation)
        return ControlReply(200, "generation \(generation) confirmed\(Self.text(doubt))")
    }

    /// What is said when a power cut might undo what was saved.
    static func text(_ doubt: SystemCallError?) -> String {
        doubt.map { ", but may not survive a power cut: \($0)" } ?? ""
    }

    // MARK: - With a text

    /// Does what was asked with a text that has arrived.
    func take(_ request: TextRequest, _ octets: [UInt8]) async -> ControlReply {
        let started = MonotonicClock.now()
        let digest = Configuration.sha256(of: octets)
        guard digest == request.digest else {
            return ControlReply(
                400,
                "expected a text with SHA-256 \(request.digest), found one with \(digest)"
            )
        }
        do {
            switch request.purpose {
            case .difference: return await self.difference(try Configuration(parsing: octets, file: "diff"))
            case .push(let generation, let confirmLimit, let isForced):
                let configuration = try Configuration(parsing: octets, file: "push")
                let outcome = try await self.context.controller.replace(
                    with: configuration,
                    generation: generation,
                    confirmWithin: confirmLimit,
                    isForced: isForced,
                    spent: MonotonicClock.now() - started
                )
                return Self.reply(outcome, generation)
            case .patch(let old, let new, let isForced):
                let change = ConfigurationController.Patch(
                    patch: try ConfigurationPatch(parsing: octets),
                    old: old,
                    new: new,
                    isForced: isForced
                )
                return try await self.patch(change, since: started)
            }
        } catch let error as ConfigurationError {
            return ControlReply(400, "\(error)")
        } catch let failure as ConfigurationFailure {
            return ControlReply(failure)
        } catch {
            return ControlReply(500, "\(error)")
        }
    }

    private static func reply(_ outcome: ConfigurationController.Outcome, _ generation: Int) -> ControlReply {
        let doubt = Self.text(outcome.doubt)
        guard let difference = outcome.difference else {
            return ControlReply(200, "generation \(generation) unchanged\(doubt)")
        }
        return ControlReply(200, "generation \(generation) applied: \(difference)\(doubt)")
    }

    private func patch(
        _ change: ConfigurationController.Patch,
        since started: UInt64
    ) async throws -> ControlReply {
        let outcome = try await self.context.controller.patch(
            change,
            spent: MonotonicClock.now() - started
        )
        guard let difference = outcome.difference else { return ControlReply(200, "patch unchanged") }
        return ControlReply(200, "patch applied: \(difference)\(Self.text(outcome.doubt))")
    }

    private func difference(_ configuration: Configuration) async -> ControlReply {
        let running = await self.context.controller.state.configuration
        let counts = configuration.difference(from: running)
        return ControlReply(200, lines: configuration.differenceLines(from: running) + ["\(counts)"])
    }
}
