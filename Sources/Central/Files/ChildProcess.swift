internal import CSpawn
internal import Foundation

/// Another program that runs, started by `posix_spawn`: in a process group of its own, with no descriptor of ours but the three that it
/// is given, and with signals as a shell leaves them.
///
/// Foundation's `Process` reads beyond its memory where a process has some 1,400 descriptors or more, as a centre with many
/// connections has.
final class ChildProcess {
    /// How it ended.
    enum Ending: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// The three descriptors that it has; nil for nowhere.
    struct Descriptors {
        let input: Int32
        let output: Int32?
        let complaints: Int32?
    }

    /// What the kernel said.
    struct Refusal: LocalizedError, Hashable, Sendable {
        let code: Int32
        var errorDescription: String? { String(cString: strerror(self.code)) }
    }

    private let process: pid_t

    /// Its end, once it was seen; a process may be asked for once.
    private var ending: Ending?

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - arguments: What it is told, without its name.
    ///   - environment: Nil for that of this process.
    ///   - folder: Where it runs; nil for where this process does.
    ///   - descriptors: What it reads and writes.
    /// - Throws: What the kernel refused.
    init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String]?,
        folder: String?,
        _ descriptors: Descriptors
    ) throws(Refusal) {
        let given = [descriptors.input, descriptors.output ?? -1, descriptors.complaints ?? -1]
        let words = Self.strings([path] + arguments)
        let variables = Self.strings(
            (environment ?? ProcessInfo.processInfo.environment).map { "\($0.key)=\($0.value)" }
        )
        defer { for string in words + variables { free(string) } }
        var process: pid_t = 0
        let code = cspawn(&process, path, folder, given, words, variables)
        guard code == 0 else { throw Refusal(code: code) }
        self.process = process
    }

    deinit {
        // Who was not waited for would stay in the table of processes.
        guard self.ending == nil else { return }
        kill(-self.process, SIGKILL)
        self.wait()
    }

    /// The C strings, and the null behind them.
    private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { strdup($0) } + [nil]
    }

    /// How it ended; nil while it runs.
    func poll() -> Ending? { self.look(WNOHANG) }

    /// Whether it has ended; unlike ``poll()`` it leaves its number, and that of its group, to it.
    var hasEnded: Bool {
        guard self.ending == nil else { return true }
        var end = siginfo_t()
        var code: Int32
        repeat {
            code = waitid(P_PID, id_t(self.process), &end, WEXITED | WNOHANG | WNOWAIT)
        } while code < 0 && errno == EINTR
        return code < 0 || end.si_signo != 0
    }

    /// Sends a signal to it and to whatever it started, as far as that is of its group.
    func signal(_ number: Int32) {
        // Its number is another's once it was waited for.
        guard self.ending == nil else { return }
        kill(-self.process, number)
    }

    /// Waits until it has ended.
    func wait() { _ = self.look(0) }

    private func look(_ options: Int32) -> Ending? {
        if let ending = self.ending { return ending }
        var status: Int32 = 0
        var found: pid_t
        repeat { found = waitpid(self.process, &status, options) } while found < 0 && errno == EINTR
        guard found != 0 else { return nil }
        // Nobody else waits for it; if somebody did, nothing is known of its end.
        let signal = status & 0x7f
        let ending: Ending =
            found < 0 ? .signalled(SIGKILL) : signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
        self.ending = ending
        return ending
    }
}
