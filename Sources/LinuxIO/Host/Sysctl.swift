internal import Glibc

/// Kernel settings under /proc/sys.
public enum Sysctl {
    /// The setting that makes the host forward IPv6 packets between its interfaces.
    public static let ipv6Forwarding = "/proc/sys/net/ipv6/conf/all/forwarding"

    /// Sets a kernel setting.
    ///
    /// - Parameters:
    ///   - path: Of the setting's file, whole.
    ///   - value: As text.
    /// - Throws: ``SystemCallError`` that names the path and the step.
    public static func write(_ path: String, _ value: String) throws(SystemCallError) {
        let subject = "setting \(path) to \(value)"
        let descriptor = try OwnedDescriptor("open", about: subject) { open(path, O_WRONLY | O_CLOEXEC) }
        let octets = Array(value.utf8)
        try systemCall("write", about: subject) { Glibc.write(descriptor.rawValue, octets, octets.count) }
    }

    /// Reads a kernel setting, its last newline cut.
    ///
    /// - Throws: ``SystemCallError`` that names the path and the step.
    public static func read(_ path: String) throws(SystemCallError) -> String {
        let descriptor = try OwnedDescriptor("open", about: path) { open(path, O_RDONLY | O_CLOEXEC) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = try systemCall("read", about: path) {
            Glibc.read(descriptor.rawValue, &buffer, buffer.count)
        }
        let text = buffer.prefix(count)
        return String(decoding: text.last == UInt8(ascii: "\n") ? text.dropLast() : text, as: UTF8.self)
    }
}
