package import Wire

/// A PoP or a tunnel that an operator names.
package enum Subject: Hashable, Sendable {
    case pop(PoPName)
    case tunnel(TunnelNumber)

    /// - Throws: `SyntaxError`.
    package init(parsing text: String) throws {
        if let number = try? TunnelNumber(parsing: text) {
            self = .tunnel(number)
        } else if let name = try? PoPName(parsing: text) {
            self = .pop(name)
        } else {
            throw SyntaxError(expected: "a PoP such as chtst01 or a tunnel such as T12", found: text)
        }
    }
}
