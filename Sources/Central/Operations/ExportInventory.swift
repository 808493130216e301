internal import Foundation

/// Writes the registry's PoPs as the YAML files that an inventory is applied from.
package struct ExportInventory: Sendable {
    package let folder: String

    /// Whether files that say something else may be replaced.
    package let mayReplace: Bool

    package init(into folder: String, mayReplace: Bool) {
        self.folder = folder
        self.mayReplace = mayReplace
    }

    /// - Returns: The files, whether they were written or said the same already.
    /// - Throws: ``RegistryError``; nothing was written when a file is in the way.
    package func run(in centre: Centre) async throws -> [String] {
        let snapshot = try await centre.store.registry.snapshot(of: .infrastructure)
        let files = InventoryWriter(snapshot).files
        try self.demandNoStrangers(Set(files.map(\.path)))
        let changed = files.filter {
            (try? String(contentsOfFile: self.path(of: $0), encoding: .utf8)) != $0.text
        }
        for file in changed where !self.mayReplace {
            guard FileManager.default.fileExists(atPath: self.path(of: file)) else { continue }
            throw RegistryError.refused(
                "\(self.path(of: file)) says something else: look with sixxs-central inventory diff \(self.folder), "
                    + "and repeat with --force"
            )
        }
        for file in changed { try self.write(file) }
        return files.map(self.path)
    }

    private func path(of file: InventoryWriter.File) -> String { "\(self.folder)/\(file.path)" }

    /// A file of a PoP that the registry does not have would be added by the next apply.
    private func demandNoStrangers(_ known: Set<String>) throws(RegistryError) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(self.folder)/pops")) ?? []
        for name in names.sorted() where name.hasSuffix(".yaml") && !known.contains("pops/\(name)") {
            throw .refused("\(self.folder)/pops/\(name) belongs to no PoP in the database: remove it first")
        }
    }

    private func write(_ file: InventoryWriter.File) throws {
        let url = URL(fileURLWithPath: self.path(of: file))
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(file.text.utf8).write(to: url, options: .atomic)
        } catch {
            throw RegistryError.unusable("cannot write \(url.path): \(error.localizedDescription)")
        }
    }
}
