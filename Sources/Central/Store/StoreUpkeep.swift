/// What keeps a store in good order.
package protocol StoreUpkeep: Sendable {
    /// What of the store is damaged, a sentence each; empty when it is whole.
    func damage() async throws -> [String]

    /// Copies the store, consistent while others go on writing to it.
    ///
    /// - Throws: ``RegistryError``; what stood at the path stands there then.
    func backUp(_ backup: BackupRequest, done: (WrittenBackup) -> Void) async throws
}

/// What is to be copied, and where to.
package struct BackupRequest: Hashable, Sendable {
    /// The path of the registry's copy; that of the samples is made from it.
    package let path: String

    /// Whether the samples are copied too.
    package let includesSamples: Bool

    /// Whether a file that is there may be replaced.
    package let mayReplace: Bool

    package init(path: String, includesSamples: Bool, mayReplace: Bool) {
        self.path = path
        self.includesSamples = includesSamples
        self.mayReplace = mayReplace
    }
}

/// A copy that was written, and found to be whole.
package struct WrittenBackup: Hashable, Sendable {
    package let path: String

    /// In octets.
    package let size: Int
}
