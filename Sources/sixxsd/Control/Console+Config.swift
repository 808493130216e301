import Foundation
import Wire

/// A `config push` line, understood.
struct PushRequest: Sendable {
    let generation: Int
    /// Length of the text that follows, in octets.
    let length: Int
    /// SHA-256 of the text, in lower-case hexadecimal.
    let digest: String
    /// Within how long the configuration must be confirmed; nil when it need not be.
    let confirmLimit: Duration?

    /// Reads the arguments of a push.
    ///
    /// - Throws: ``Wire/Words/Failure`` with the first word that is wrong.
    init(_ words: inout Words) throws(Words.Failure) {
        self.generation = try words.nextNumber("a generation", in: 0...Int(Int32.max))
        self.length = try words.nextNumber("a length in octets", in: 0...ControlRequest.maximumPushLength)
        self.digest = try words.next(expecting: "a SHA-256 of 64 hexadecimal digits") { text in
            let lowered = text.lowercased()
            let isDigest = lowered.utf8.count == 64 && lowered.allSatisfy { $0.isHexDigit }
            return isDigest ? lowered : nil
        }
        if words.isAtEnd {
            self.confirmLimit = nil
        } else {
            try words.nextKeyword(of: ["confirm": ()])
            self.confirmLimit = .seconds(try words.nextNumber("seconds", in: 1...86_400))
        }
        try words.end()
    }
}

extension Console {
    func performConfig(_ path: String, _ words: Words, for caller: Caller) async throws -> ControlReply {
        var words = words
        if path == "config confirm" { return try await self.confirm(&words) }
        try words.end()
        let state = await self.store.state
        switch path {
        case "config rollback":
            guard let generation = await self.store.rollBack() else {
                return ControlReply(404, "nothing to take back: the running configuration is confirmed")
            }
            return ControlReply(200, "generation \(generation) runs again")
        case "config show": return Self.show(state.configuration, for: caller)
        case "config digest":
            let time = state.appliedAt.formatted(.iso8601)
            return ControlReply(200, "generation \(state.generation) sha256 \(state.digest) applied \(time)")
        default: return ControlReply(404, "unknown command \"\(path)\"")
        }
    }

    /// The whole text, which loads to the same state, for those on the UNIX socket; without passwords for others.
    private static func show(_ configuration: Configuration, for caller: Caller) -> ControlReply {
        let text: String
        switch caller {
        case .unixSocket: text = configuration.canonicalText
        case .tcp: text = configuration.text(passwords: .hidden)
        }
        return ControlReply(200, lines: text.split(separator: "\n").map(String.init))
    }

    private func confirm(_ words: inout Words) async throws -> ControlReply {
        let generation = try words.nextNumber("a generation", in: 0...Int(Int32.max))
        try words.end()
        do {
            try await self.store.confirm(generation: generation)
            return ControlReply(200, "generation \(generation) confirmed")
        } catch ConfigurationStore.Failure.nothingToConfirm {
            return ControlReply(404, "generation \(generation) does not wait to be confirmed")
        } catch ConfigurationStore.Failure.notSaved(let error) {
            return ControlReply(500, "not confirmed, since it could not be saved: \(error)")
        }
    }

    /// Makes a text that has arrived the running configuration: all of it, or nothing.
    func push(_ request: PushRequest, _ octets: [UInt8]) async -> ControlReply {
        let digest = Configuration.sha256(of: octets)
        guard digest == request.digest else {
            return ControlReply(
                400,
                "expected a text with SHA-256 \(request.digest), found one with \(digest)"
            )
        }
        let configuration: Configuration
        do {
            configuration = try Configuration(parsing: octets, file: "push")
        } catch {
            return ControlReply(400, "\(error)")
        }
        do {
            let difference = try await self.store.replace(
                with: configuration,
                generation: request.generation,
                confirmWithin: request.confirmLimit
            )
            guard let difference else {
                return ControlReply(200, "generation \(request.generation) unchanged")
            }
            return ControlReply(200, "generation \(request.generation) applied: \(difference)")
        } catch ConfigurationStore.Failure.notSaved(let error) {
            return ControlReply(500, "refused, since it could not be saved: \(error)")
        } catch {
            return ControlReply(500, "\(error)")
        }
    }
}
