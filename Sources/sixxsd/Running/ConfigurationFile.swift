import Foundation
import LinuxIO
import Wire

/// The file that a daemon starts from and saves into.
///
/// Its first line may be a comment that carries the centre's generation, so that text and number can't part.
struct ConfigurationFile: Sendable {
    private static let generationComment = "# sixxsd generation "

    let path: String

    /// Reads and checks the file.
    ///
    /// - Throws: ``ConfigurationError``, or an error of reading.
    func load() throws -> (configuration: Configuration, generation: Int) {
        let octets = [UInt8](try Data(contentsOf: URL(fileURLWithPath: self.path)))
        let configuration = try Configuration(parsing: octets, file: self.path)
        let firstLine = octets.prefix { $0 != UInt8(ascii: "\n") }
        return (configuration, Self.generation(in: String(decoding: firstLine, as: UTF8.self)))
    }

    private static func generation(in line: String) -> Int {
        guard line.hasPrefix(Self.generationComment) else { return 0 }
        return Int(line.dropFirst(Self.generationComment.count)) ?? 0
    }

    /// Replaces the file: a reader, or a host that loses power, sees the old text or the new one.
    ///
    /// - Throws: ``SystemCallError`` with the step that failed; the file is as it was then.
    func save(_ configuration: Configuration, generation: Int) throws(SystemCallError) {
        let text = "\(Self.generationComment)\(generation)\n\(configuration.canonicalText)"
        try AtomicFile.write(Array(text.utf8), to: self.path, mode: 0o600)
    }
}
