/// Whether changes are kept.
package enum ApplyMode: Hashable, Sendable {
    case commit

    /// Tries everything against every rule and takes it back.
    case rehearse
}
