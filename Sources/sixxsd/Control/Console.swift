import Core
import Foundation
import Logging
import Wire

/// Carries out the commands of control sessions; one for all of them.
struct Console: Sendable {
    let store: ConfigurationStore
    let mailbox: EngineMailbox
    let clock: DaemonClock
    let control: [String]
    let tunName: String
    /// Ends the daemon as SIGTERM does.
    let shutDown: @Sendable () -> Void

    /// Who is asking, which decides whether passwords may be seen.
    enum Caller: Sendable {
        /// Somebody on the UNIX socket, whose file mode lets only the daemon's user and root in.
        case unixSocket
        /// Somebody on the TCP port.
        case tcp
    }

    /// What a line on connecting says.
    func greeting() async -> ControlReply {
        let name = await self.store.state.configuration.pop.ownDetails?.name ?? "unconfigured"
        return ControlReply(200, "\(name) sixxsd \(Release.version)")
    }

    /// Carries out a command that is no push and doesn't end the session.
    ///
    /// - Parameters:
    ///   - path: The command's full path, such as `pop show status`.
    ///   - words: Its arguments.
    ///   - caller: Who is asking.
    /// - Returns: What to answer.
    func perform(_ path: String, _ words: Words, for caller: Caller) async -> ControlReply {
        var words = words
        do {
            if path != "pop saveconfig", let command = try ConfigurationCommand(path, &words) {
                return await self.change(command)
            }
            switch path.split(separator: " ").first {
            case "pop": return try await self.performPoP(path, words)
            case "tunnel": return try await self.performTunnel(path, words)
            case "config": return try await self.performConfig(path, words, for: caller)
            default: return ControlReply(404, "unknown command \"\(path)\"")
            }
        } catch let failure as Words.Failure {
            return ControlReply(failure)
        } catch {
            return ControlReply(500, "\(error)")
        }
    }

    private func change(_ command: ConfigurationCommand) async -> ControlReply {
        do {
            try await self.store.perform(command)
            return ControlReply(200, "OK")
        } catch ConfigurationStore.Failure.conflict(let conflict) {
            return ControlReply(400, "\(conflict)")
        } catch {
            return ControlReply(500, "\(error)")
        }
    }
}

extension ControlReply {
    /// A reply about a word that is wrong.
    init(_ failure: Words.Failure) {
        self.init(400, "column \(failure.column): expected \(failure.expected), found \(failure.found)")
    }
}
