/// Lists who changed what in the registry: everything, or some subjects.
package struct ListAudit: Sendable {
    /// `tunnel T12`, or `T12` alone; empty for all.
    package let subjects: [String]
    package let window: HistoryWindow

    package init(of subjects: [String], _ window: HistoryWindow) {
        self.subjects = subjects
        self.window = window
    }

    /// - Returns: The changes, the newest last; of a PoP that was renamed those under its old names too.
    /// - Throws: ``RegistryError/notFound(_:)`` for a subject that never was.
    package func run(in centre: Centre) async throws -> [AuditEntry] {
        let history = centre.store.history
        guard !self.subjects.isEmpty else { return try await history.audit(of: [], self.window) }
        let snapshot = try await centre.store.registry.snapshot(of: .infrastructure)
        let former = snapshot.formerNames.filter { former in
            snapshot.pop(former.popID).map { self.subjects.contains($0.name.description) } ?? false
        }
        let entries = try await history.audit(of: self.subjects + former.map(\.name.description), self.window)
        let wanted = entries.filter { entry in self.isWanted(entry, former) }
        if wanted.isEmpty { try await self.demandSubjects(of: history) }
        return wanted
    }

    /// Whether it is of a subject that was named, and not of a PoP that got an old name of another.
    private func isWanted(_ entry: AuditEntry, _ former: [FormerName]) -> Bool {
        guard let name = entry.subject.split(separator: " ").last else { return true }
        if self.subjects.contains(String(name)) || self.subjects.contains(entry.subject) { return true }
        return former.contains { $0.name.description == name && entry.time <= $0.until }
    }

    private func demandSubjects(of history: any HistoryStore) async throws {
        for subject in self.subjects {
            guard try await history.audit(of: [subject], HistoryWindow(last: 1)).isEmpty else { continue }
            throw RegistryError.notFound(
                "the audit knows no \(subject): name a PoP, a tunnel, a user, a prefix, or waves"
            )
        }
    }
}
