import Foundation
import Synchronization

/// A folder of its own for one test, gone with it; one that tests share goes when the program ends.
final class TemporaryFolder: Sendable {
    let path: String

    private static let existing = Mutex<Set<String>>([])

    private static let removesAtExit: Void = {
        atexit {
            for path in TemporaryFolder.existing.withLock({ $0 }) {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
    }()

    init() throws {
        let name = "sixxs-central-" + UUID().uuidString.lowercased()
        self.path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        try FileManager.default.createDirectory(
            atPath: self.path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        Self.removesAtExit
        Self.existing.withLock { _ = $0.insert(self.path) }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
        Self.existing.withLock { _ = $0.remove(self.path) }
    }

    func path(_ name: String) -> String { "\(self.path)/\(name)" }

    /// Writes a file, and the folders that lead to it.
    func write(_ text: String, to name: String) throws {
        let url = URL(fileURLWithPath: self.path(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try text.write(to: url, atomically: false, encoding: .utf8)
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: self.path(name), encoding: .utf8)
    }
}
