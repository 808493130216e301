/// Why the registry did not do what it was asked to.
package enum RegistryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nothing has that name or number.
    case notFound(String)

    /// A rule of the registry forbids it.
    case refused(String)

    /// The database cannot be used as it is.
    case unusable(String)

    /// One or two sentences for operators.
    package var description: String {
        switch self {
        case .notFound(let message), .refused(let message), .unusable(let message): message
        }
    }
}
