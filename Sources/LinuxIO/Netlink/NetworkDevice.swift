internal import Glibc
internal import SystemPackage

/// A network interface of this network namespace.
public struct NetworkDevice: Hashable, Sendable, CustomStringConvertible {
    /// Its name.
    public let name: String

    /// Its number, which the kernel never uses twice while the namespace lives.
    public let index: UInt32

    /// Finds an interface by its name.
    ///
    /// - Throws: ``SystemCallError`` when there is none.
    public init(named name: String) throws(SystemCallError) {
        let index = if_nametoindex(name)
        guard index != 0 else {
            throw SystemCallError(
                call: "if_nametoindex",
                errno: Errno(rawValue: errno),
                subject: name,
                explanation: "there is no such network interface"
            )
        }
        self.name = name
        self.index = index
    }

    /// The name.
    public var description: String { self.name }
}
