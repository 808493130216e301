internal import Wire

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

extension RegistryError {
    /// No PoP has the name: one has another now, it is misspelt, or there never was one.
    static func noPoP(_ name: PoPName, among pops: [PoP], _ formerNames: [FormerName]) -> RegistryError {
        if let former = formerNames.last(where: { $0.name == name }),
            let pop = pops.first(where: { $0.id == former.popID })
        {
            return .notFound("there is no PoP \(name): it is \(pop.name) since \(former.until.iso8601)")
        }
        let near = NearestWord.of(name.description, among: pops.map(\.name.description))
        let advice = near.map { "did you mean \($0)?" } ?? "sixxs-central pop list shows those there are"
        return .notFound("there is no PoP \(name); \(advice)")
    }

    /// No tunnel has the number.
    static func noTunnel(_ number: TunnelNumber) -> RegistryError {
        .notFound("there is no tunnel \(number); sixxs-central tunnel list shows those there are")
    }

    /// No user has the handle: it is misspelt, or there never was one.
    static func noUser(_ handle: UserHandle, among handles: [UserHandle]) -> RegistryError {
        let near = NearestWord.of(handle.description, among: handles.map(\.description))
        let advice = near.map { "did you mean \($0)?" } ?? "sixxs-central user list shows those there are"
        return .notFound("there is no user \(handle); \(advice)")
    }
}
