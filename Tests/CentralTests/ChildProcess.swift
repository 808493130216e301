import Foundation
import Synchronization

/// A child process that is waited for by its number, on the thread that asks.
final class ChildProcess: Sendable {
    struct Failure: Error {
        let program: String
        let reason: String
    }

    let identifier: pid_t
    private let hasEnded = Mutex(false)

    /// Starts a program, given its path and then its arguments; both of its outputs are appended to the log.
    init(_ words: [String], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        defer { arguments.forEach { free($0) } }
        arguments.append(nil)
        var identifier: pid_t = 0
        let code = posix_spawn(&identifier, words[0], &actions, nil, arguments, environ)
        guard code == 0 else { throw Failure(program: words[0], reason: String(cString: strerror(code))) }
        self.identifier = identifier
    }

    deinit { self.kill() }

    /// Whether it has not ended yet.
    var isRunning: Bool {
        self.hasEnded.withLock { hasEnded in
            if !hasEnded, waitpid(self.identifier, nil, WNOHANG) != 0 { hasEnded = true }
            return !hasEnded
        }
    }

    func signal(_ number: Int32) {
        guard self.isRunning else { return }
        Foundation.kill(self.identifier, number)
    }

    /// Ends it at once.
    func kill() {
        self.signal(SIGKILL)
        self.wait()
    }

    func wait() {
        self.hasEnded.withLock { hasEnded in
            if !hasEnded { waitpid(self.identifier, nil, 0) }
            hasEnded = true
        }
    }

    /// Runs a program to its end.
    static func run(_ words: String...) throws {
        try ChildProcess(words, log: "/dev/null").wait()
    }
}
