internal import GRDB

/// The schema's versions, each once and for all: a migration that was released is never edited.
enum Migrations {
    /// Of the authoritative database.
    static var central: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 registry") { try Self.run(RegistrySchema.statements, in: $0) }
        migrator.registerMigration("2 pushing") { try Self.run(PushingSchema.statements, in: $0) }
        migrator.registerMigration("3 fleet") { try Self.run(FleetSchema.statements, in: $0) }
        migrator.registerMigration("4 addresses") { try Self.run(AddressSchema.statements, in: $0) }
        migrator.registerMigration("5 sequence") { try Self.run(FleetSchema.sequence, in: $0) }
        migrator.registerMigration("6 visits") { try Self.run(FleetSchema.visits, in: $0) }
        migrator.registerMigration("7 endpoints") { try Self.run(AddressSchema.endpoints, in: $0) }
        migrator.registerMigration("8 subjects") { try Self.run(FleetSchema.subjects, in: $0) }
        migrator.registerMigration("9 former names") { try Self.run(FleetSchema.formerNames, in: $0) }
        migrator.registerMigration("10 acknowledgements") {
            try Self.run(FleetSchema.acknowledgements, in: $0)
        }
        migrator.registerMigration("11 old passwords") {
            try Self.run(RegistrySchema.oldPasswords, in: $0)
        }
        migrator.registerMigration("12 names") { try Self.run(RegistrySchema.names, in: $0) }
        migrator.registerMigration("13 endpoint requests") {
            try Self.run(EndpointSchema.statements, in: $0)
        }
        migrator.registerMigration("14 TIC secrets") { try Self.run(RegistrySchema.ticSecrets, in: $0) }
        migrator.registerMigration("15 accounts") { try Self.run(AccountSchema.statements, in: $0) }
        return migrator
    }

    /// Of the database of samples.
    static var samples: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 samples") { try Self.run(SamplesSchema.statements, in: $0) }
        migrator.registerMigration("2 steps") { try Self.run(SamplesSchema.steps, in: $0) }
        migrator.registerMigration("3 bounds") { try Self.run(SamplesSchema.bounds, in: $0) }
        migrator.registerMigration("4 kernel") { try Self.run(SamplesSchema.kernel, in: $0) }
        migrator.registerMigration("5 endpoints") { try Self.run(SamplesSchema.endpoints, in: $0) }
        migrator.registerMigration("6 growth") { try Self.run(GrowthSchema.statements, in: $0) }
        migrator.registerMigration("7 round trips") { try Self.run(GrowthSchema.roundTrips, in: $0) }
        migrator.registerMigration("8 peers") { try Self.run(PeerSchema.statements, in: $0) }
        return migrator
    }

    private static func run(_ statements: [String], in database: Database) throws {
        for statement in statements {
            try database.execute(sql: statement)
        }
    }
}
