package import Wire

/// What makes the registry hold what a file holds; what it holds already is passed over.
///
/// Pure: the same registry and file always give the same plan.
package struct ImportPlan: Sendable {
    /// In the order in which they must be made.
    package private(set) var changes: [RegistryChange] = []

    /// How many things the registry holds already, just as the file has them.
    package private(set) var unchanged = 0

    /// What becomes of a tunnel that has another password than the file.
    package enum PasswordPolicy: Sendable {
        /// Nothing is imported.
        case refuse

        /// The tunnel gets the file's.
        case take
    }

    /// - Throws: ``TransferError`` with everything in which file and registry conflict.
    package init(_ file: TransferFleet, into present: NumberedSnapshot, passwords: PasswordPolicy) throws {
        let problems = TransferProblems()
        var planner = ImportPlanner(present, problems)
        try planner.addInfrastructure(file)
        planner.addTunnels(file.tunnels, passwords)
        planner.addSubnets(file.tunnels)
        try problems.throwAny()
        self.changes = planner.changes
        self.unchanged = planner.unchanged
    }

    /// The tunnels that are there and become others.
    package var changedTunnels: [TunnelNumber] {
        self.changes.compactMap { if case .amendTunnel(let number, _) = $0 { number } else { nil } }
    }

    /// What the changes are about, for a sentence.
    package func count(_ isCounted: (RegistryChange) -> Bool) -> Int { self.changes.count(where: isCounted) }
}
