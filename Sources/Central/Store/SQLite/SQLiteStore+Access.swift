internal import GRDB

extension SQLiteStore {
    /// Reads from the registry.
    ///
    /// - Throws: ``RegistryError`` in the place of what SQLite says.
    func reading<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await Self.translating { try await self.registryFile.read(body) }
    }

    /// Writes to the registry in one transaction, if the leases are still had under which it is done.
    ///
    /// - Throws: ``RegistryError`` in the place of what SQLite says.
    func writing<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        let fences = LeaseFence.held
        return try await self.writingUnfenced { database in
            try LeaseFence.check(fences, in: database)
            return try body(database)
        }
    }

    /// Writes to the registry in one transaction, whoever has a lease.
    ///
    /// - Throws: ``RegistryError`` in the place of what SQLite says.
    func writingUnfenced<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await Self.translating { try await self.registryFile.write(body) }
    }

    /// Writes to the registry; the body brings its own transaction.
    ///
    /// - Throws: ``RegistryError`` in the place of what SQLite says.
    func changing<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await Self.translating { try await self.registryFile.writeWithoutTransaction(body) }
    }

    static func translating<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as DatabaseError {
            throw RegistryError(error)
        }
    }
}
