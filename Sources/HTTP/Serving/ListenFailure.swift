/// Why nobody can listen at an address.
package struct ListenFailure: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}
