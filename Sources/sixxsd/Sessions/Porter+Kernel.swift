import LinuxIO
import NIOCore
import Synchronization
import Wire

extension Porter.Kernel {
    /// A socket to ask on, one question after the other.
    private final class Asking: Sendable {
        let diagnostics: Mutex<SocketDiagnostics>

        init(_ diagnostics: consuming SocketDiagnostics) {
            self.diagnostics = Mutex(diagnostics)
        }
    }

    /// The kernel of this host.
    ///
    /// - Throws: ``LinuxIO/SystemCallError`` when it can't be asked at all.
    init() throws(SystemCallError) {
        let asking = Asking(try SocketDiagnostics())
        self.holder = { end, other in
            try asking.diagnostics.withLock { diagnostics in
                try diagnostics.holder(of: end, connectedTo: other)
            }
        }
        self.isOwn = { address in
            // Those of devices: whoever can't list them is told nothing.
            guard let devices = try? System.enumerateDevices() else { return true }
            return devices.contains { device in
                guard let text = device.address?.ipAddress, let own = try? IPAddress(parsing: text) else {
                    return false
                }
                return own.unmapped == address
            }
        }
    }

    /// Whether the kernel can be asked about TCP connections, judged by a port that is listened on.
    static func seesConnections(to door: Endpoint) -> Bool {
        guard var diagnostics = try? SocketDiagnostics() else { return false }
        return diagnostics.seesListener(at: door)
    }
}
