internal import Glibc
internal import SystemPackage

/// Kernel settings under /proc/sys.
public enum Sysctl {
    /// A setting, as sysctl(8) names it: `net.ipv6.conf.all.forwarding`.
    public struct Name: Hashable, Sendable, CustomStringConvertible {
        /// Its parts; one of them may have dots in it, as names of interfaces may.
        let parts: [String]

        init(_ parts: String...) { self.parts = parts }

        /// Whether the host forwards IPv6 packets between its interfaces.
        public static let ipv6Forwarding = Name("net", "ipv6", "conf", "all", "forwarding")

        /// Whether the kernel takes addresses and routes from router advertisements on an interface: 0 never, 1 unless the host forwards,
        /// 2 always.
        public static func acceptsAdvertisements(on interface: String) -> Name {
            Name("net", "ipv6", "conf", interface, "accept_ra")
        }

        /// Whether router advertisements on an interface may give default routes.
        public static func acceptsAdvertisedDefaultRoutes(on interface: String) -> Name {
            Name("net", "ipv6", "conf", interface, "accept_ra_defrtr")
        }

        /// Whether the host forwards IPv4 packets that an interface brings.
        public static func forwardsIPv4(on interface: String) -> Name {
            Name("net", "ipv4", "conf", interface, "forwarding")
        }

        /// Whether an interface has no IPv6.
        public static func disablesIPv6(on interface: String) -> Name {
            Name("net", "ipv6", "conf", interface, "disable_ipv6")
        }

        /// As sysctl(8) takes it, with `/` for a dot inside a part.
        public var description: String {
            self.parts.map { $0.replacing(".", with: "/") }.joined(separator: ".")
        }

        /// The file that holds it.
        public var path: String { "/proc/sys/" + self.parts.joined(separator: "/") }
    }

    /// Changes a setting, unless it has the value already: where nobody may write, what is right can stay.
    ///
    /// - Parameters:
    ///   - name: The setting.
    ///   - value: As text.
    /// - Throws: ``SystemCallError`` that names the setting and the step.
    public static func set(_ name: Name, to value: String) throws(SystemCallError) {
        if try Self.value(of: name) == value { return }
        let subject = "setting \(name) to \(value)"
        let path = name.path
        let descriptor = try OwnedDescriptor("open", about: subject) { open(path, O_WRONLY | O_CLOEXEC) }
        let octets = Array(value.utf8)
        try systemCall("write", about: subject) { Glibc.write(descriptor.rawValue, octets, octets.count) }
    }

    /// Reads a setting, its last newline cut.
    ///
    /// - Returns: The value; nil when the kernel has no such setting, for instance since the interface is gone.
    /// - Throws: ``SystemCallError`` that names the setting and the step.
    public static func value(of name: Name) throws(SystemCallError) -> String? {
        do throws(SystemCallError) { return try Self.read(name) } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return nil
        }
    }

    private static func read(_ name: Name) throws(SystemCallError) -> String {
        let path = name.path
        let subject = "reading \(name)"
        let descriptor = try OwnedDescriptor("open", about: subject) { open(path, O_RDONLY | O_CLOEXEC) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = try systemCall("read", about: subject) {
            Glibc.read(descriptor.rawValue, &buffer, buffer.count)
        }
        let text = buffer.prefix(count)
        return String(decoding: text.last == UInt8(ascii: "\n") ? text.dropLast() : text, as: UTF8.self)
    }
}
