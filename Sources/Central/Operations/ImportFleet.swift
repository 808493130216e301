internal import Foundation
internal import Wire

/// Takes over tunnels from a file: all, or none.
package struct ImportFleet: Sendable {
    /// How a file is written.
    package enum Format: String, CaseIterable, Sendable {
        case conf
        case csv
        case json
    }

    /// The file's name, for what is said about it.
    package let name: String
    package let octets: [UInt8]
    package let format: Format

    /// Whose `sixxsd.conf` it is; nil for a format that names the PoPs itself.
    package let pop: PoPName?
    package let passwords: ImportPlan.PasswordPolicy

    package init(
        _ octets: [UInt8],
        named name: String,
        format: Format,
        of pop: PoPName?,
        passwords: ImportPlan.PasswordPolicy
    ) {
        self.octets = octets
        self.name = name
        self.format = format
        self.pop = pop
        self.passwords = passwords
    }

    /// What the file would change.
    package struct Prepared: Sendable {
        package let plan: ImportPlan

        /// What the file says and the registry does not keep.
        package let notes: [String]
        package let revision: Int64
    }

    /// - Throws: ``TransferError`` with everything that is wrong, `ConfigurationError`, or ``RegistryError``.
    package func prepare(in centre: Centre) async throws -> Prepared {
        let present = try await centre.store.registry.numberedSnapshot()
        let fleet = try self.read(present.snapshot)
        return Prepared(
            plan: try ImportPlan(fleet, into: present, passwords: self.passwords),
            notes: fleet.notes,
            revision: present.snapshot.revision
        )
    }

    /// Makes the changes, or tries them against every rule.
    ///
    /// - Throws: ``RegistryError``.
    package func apply(_ prepared: Prepared, in centre: Centre, mode: ApplyMode) async throws {
        do {
            try await centre.store.registry.apply(
                prepared.plan.changes,
                by: centre.author,
                expecting: prepared.revision,
                mode: mode
            )
        } catch RegistryError.refused(let reason) {
            throw RegistryError.refused("\(self.name): \(reason); nothing was imported")
        }
    }

    private func read(_ snapshot: FleetSnapshot) throws -> TransferFleet {
        let name = self.name == "-" ? "standard input" : self.name
        switch self.format {
        case .csv: return try TransferFleet(csv: self.octets, file: name)
        case .json: return try TransferFleet(json: self.octets, file: name)
        case .conf:
            guard let pop = self.pop, let present = try snapshot.selection([pop]).first else {
                throw RegistryError.notFound("there is no such PoP")
            }
            return try TransferFleet(configuration: self.octets, file: name, of: present)
        }
    }
}
