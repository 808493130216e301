internal import GRDB

extension SQLiteStore {
    func backUp(_ backup: BackupRequest, done: (WrittenBackup) -> Void) async throws {
        let samples =
            backup.includesSamples ? [(self.sampleFile, Self.samplesPath(beside: backup.path))] : []
        let copies = [(self.registryFile, backup.path)] + samples
        let target = BackupTarget(database: self.path, isForced: backup.mayReplace)
        for (_, path) in copies { try target.judge(path) }
        for (pool, path) in copies {
            done(WrittenBackup(path: path, size: try await DatabaseBackup(of: pool).write(to: path)))
        }
    }

    /// What `PRAGMA integrity_check` says of both files; empty when they are whole.
    func damage() async throws -> [String] {
        var damage: [String] = []
        for pool in [self.registryFile, self.sampleFile] {
            let findings = try await Self.translating {
                try await pool.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
            }
            damage += findings.filter { $0 != "ok" }.map { "\(pool.path): \($0)" }
        }
        return damage
    }
}
