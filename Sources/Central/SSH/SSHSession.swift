internal import CLibSSH
internal import Foundation
internal import Wire

/// A libssh session over a socket of ours, used by one thread, and for one conversation only.
///
/// libssh may find out inside any call that the connection is gone, close the descriptor and still report
/// success; so every wait first looks whether there is anything left to wait for.
final class SSHSession {
    let handle: OpaquePointer

    /// The forwarded channel once it is open; freed with the session.
    var channel: OpaquePointer?

    /// Takes over a connected socket.
    ///
    /// Only host keys of the given types are accepted, as SSH lists them; nil stands for all that are safe.
    ///
    /// - Throws: ``ConnectionFailure/system(call:reason:)``.
    init(over connection: consuming TCPConnection, user: String, keyTypes: String?) throws(ConnectionFailure)
    {
        guard let handle = ssh_new() else { throw .system(call: "ssh_new", reason: "out of memory") }
        self.handle = handle
        ssh_set_blocking(handle, 0)
        var off: Int32 = 0
        var descriptor = connection.release()
        // Nothing that lies on this host's disk may have a say: no configuration, no known hosts.
        ssh_options_set(handle, SSH_OPTIONS_PROCESS_CONFIG, &off)
        ssh_options_set(handle, SSH_OPTIONS_SSH_DIR, "/nonexistent")
        ssh_options_set(handle, SSH_OPTIONS_KNOWNHOSTS, "/dev/null")
        ssh_options_set(handle, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null")
        ssh_options_set(handle, SSH_OPTIONS_HOST, "pop")
        ssh_options_set(handle, SSH_OPTIONS_USER, user)
        if let keyTypes { ssh_options_set(handle, SSH_OPTIONS_HOSTKEYS, keyTypes) }
        ssh_options_set(handle, SSH_OPTIONS_FD, &descriptor)
    }

    deinit {
        ssh_disconnect(self.handle)
        ssh_free(self.handle)
    }

    /// What libssh says about its last error.
    var errorText: String {
        ssh_get_error(UnsafeMutableRawPointer(self.handle)).map { String(cString: $0) } ?? ""
    }

    /// Whether there is still a connection to wait for.
    var isAlive: Bool { ssh_is_connected(self.handle) == 1 && ssh_get_fd(self.handle) >= 0 }

    /// Repeats a call until it no longer answers "again".
    func complete(
        _ clock: StepClock,
        again: Int32,
        _ call: () -> Int32
    ) throws(ConnectionFailure) -> Int32 {
        while true {
            let code = call()
            if code != again { return code }
            try self.wait(clock)
        }
    }

    /// Waits until libssh can go on.
    func wait(_ clock: StepClock) throws(ConnectionFailure) {
        let descriptor = ssh_get_fd(self.handle)
        guard descriptor >= 0 else { throw self.lost(clock.step) }
        let wantsToWrite = ssh_get_poll_flags(self.handle) & SSH_WRITE_PENDING != 0
        try clock.wait(for: descriptor, events: Int32(POLLIN) | (wantsToWrite ? Int32(POLLOUT) : 0))
    }

    func lost(_ step: ConnectionStep) -> ConnectionFailure {
        let text = self.errorText
        return .connectionLost(step, reason: text.isEmpty ? "the PoP closed it" : text)
    }
}
