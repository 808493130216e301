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

    /// The name of the interface that has a number at this moment, or `#` and the number when none has.
    public static func name(ofIndex index: UInt32) -> String {
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard if_indextoname(index, &name) != nil else { return "#\(index)" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The name.
    public var description: String { self.name }
}
