internal import CLinux
internal import Glibc

/// Signals as something to read, so that an event loop can answer them (signalfd).
///
/// The signals are blocked in the calling thread and in those it starts afterwards: create this first.
public struct SignalDescriptor: ~Copyable, Sendable {
    /// The signals a daemon answers.
    public enum Signal: CInt, Hashable, Sendable, CaseIterable {
        /// `SIGHUP`: read the configuration again.
        case hangUp = 1
        /// `SIGINT`: stop, from the keyboard.
        case interrupt = 2
        /// `SIGTERM`: stop, from the service manager.
        case terminate = 15
    }

    private let descriptor: OwnedDescriptor

    /// For pollers.
    public var fileDescriptor: CInt { self.descriptor.rawValue }

    /// Blocks the signals and opens the descriptor that receives them.
    ///
    /// - Throws: ``SystemCallError`` when the process has no descriptor left.
    public init(_ signals: [Signal]) throws(SystemCallError) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal.rawValue) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        self.descriptor = try OwnedDescriptor("signalfd") {
            signalfd(-1, &set, CInt(SFD_NONBLOCK | SFD_CLOEXEC))
        }
    }

    /// Takes one signal that came, or nil when none waits.
    public func next() -> Signal? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard case .success(size) = attempt({ Glibc.read(self.fileDescriptor, &info, size) }) else {
            return nil
        }
        return Signal(rawValue: CInt(info.ssi_signo))
    }
}
