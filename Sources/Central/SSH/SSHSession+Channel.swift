internal import CLibSSH
internal import Foundation
internal import Wire

extension SSHSession {
    /// Reason codes of a refused channel (RFC 4254 §5.1), as libssh writes them into its error text.
    private enum Refusal {
        static let administrativelyProhibited = "error (1)"
        static let connectFailed = "error (2)"
    }

    /// The most octets handed to libssh at once, so that deadline and cancellation are looked at between.
    private static let writeChunk = 64 << 10
    private static let readChunk = 32 << 10

    /// Opens a channel to the daemon's control port, seen from the PoP.
    ///
    /// - Throws: ``ConnectionFailure/forwardingNotPermitted(_:)``, ``ConnectionFailure/daemonNotListening(_:)`` or
    ///   what the clock throws.
    func openChannel(to control: Endpoint, _ clock: StepClock) throws(ConnectionFailure) {
        guard let channel = ssh_channel_new(self.handle) else {
            throw .system(call: "ssh_channel_new", reason: self.errorText)
        }
        let code = try self.complete(clock, again: SSH_AGAIN) {
            ssh_channel_open_forward(channel, "\(control.address)", Int32(control.port), "127.0.0.1", 0)
        }
        guard code == SSH_OK else { throw self.refusal(control) }
        self.channel = channel
    }

    private func refusal(_ control: Endpoint) -> ConnectionFailure {
        let text = self.errorText
        if text.contains(Refusal.administrativelyProhibited) { return .forwardingNotPermitted(control) }
        if text.contains(Refusal.connectFailed) { return .daemonNotListening(control) }
        return self.isAlive ? .handshake(reason: text) : self.lost(.channel)
    }

    /// Sends all octets.
    func write(_ octets: [UInt8], _ clock: StepClock) throws(ConnectionFailure) {
        guard let channel = self.channel else { throw self.lost(clock.step) }
        var sent = 0
        while sent < octets.count {
            let end = min(octets.count, sent + Self.writeChunk)
            let count = octets[sent..<end].withUnsafeBytes { chunk in
                ssh_channel_write(channel, chunk.baseAddress, UInt32(chunk.count))
            }
            guard count >= 0, self.isOpen else { throw self.lost(clock.step) }
            sent += Int(count)
            // Nothing taken: the peer's window is full, and only a packet of its can open it.
            if count == 0 { try self.wait(clock) }
        }
    }

    /// Waits for octets; at least one.
    func read(_ clock: StepClock) throws(ConnectionFailure) -> [UInt8] {
        guard let channel = self.channel else { throw self.lost(clock.step) }
        while true {
            var count: Int32 = 0
            let octets = [UInt8](unsafeUninitializedCapacity: Self.readChunk) { buffer, initializedCount in
                count = ssh_channel_read_nonblocking(channel, buffer.baseAddress, UInt32(buffer.count), 0)
                initializedCount = Int(max(0, count))
            }
            if count > 0 { return octets }
            guard count == 0 || count == SSH_AGAIN, self.isOpen else { throw self.lost(clock.step) }
            try self.wait(clock)
        }
    }

    private var isOpen: Bool {
        guard let channel = self.channel else { return false }
        return ssh_channel_is_closed(channel) == 0 && ssh_channel_is_eof(channel) == 0 && self.isAlive
    }
}
