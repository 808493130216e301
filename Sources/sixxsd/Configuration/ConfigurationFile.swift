import Foundation
import LinuxIO
import Wire

/// The file that a daemon starts from and saves into, and the one beside it with what is on trial.
///
/// The first line of either is a comment that carries the centre's generation, so that text and number can't
/// part; that of a trial also says how long it may take.
struct ConfigurationFile: Sendable {
    /// A configuration that was written into the file, or beside it.
    struct Stored: Sendable {
        let configuration: Configuration
        let generation: Int
        /// The configuration in its canonical form, made once: it takes as long as reading it.
        let text: String
        /// What the file held that it was read from; nil when it was not read.
        let source: Mark?

        init(configuration: Configuration, generation: Int, source: Mark? = nil) {
            self.configuration = configuration
            self.generation = generation
            self.text = configuration.canonicalText
            self.source = source
        }
    }

    /// By what a content is known again.
    struct Mark: Hashable, Sendable {
        private let digest: [UInt8]

        init(_ octets: [UInt8]) { self.digest = MessageDigest.sha256(octets) }
    }

    /// A configuration that comes to an end unless it is confirmed.
    struct StoredTrial: Sendable {
        var stored: Stored
        /// The second in which it ends, in seconds since 1970.
        var deadline: Int64
        /// How long it was given, in seconds: the most that may be left of it, whatever the clock says.
        var limit: Int64
    }

    /// How sure it is that a text is on the disk.
    enum Durability: Sendable {
        case certain
        /// The file has its new content, but a power cut might bring the old one back.
        case untilPowerCut(SystemCallError)
    }

    private static let generationComment = "# sixxsd generation "
    private static let trialComment = "# sixxsd trial of generation "

    /// What a centre can number generations with.
    private static let generations: ClosedRange<Int64> = 0...Int64(Int32.max)

    let path: String

    private var trialPath: String { "\(self.path).trial" }

    // MARK: - The file

    /// Reads and checks the file.
    ///
    /// - Parameter kind: What it may be; a daemon's own must be a regular file.
    /// - Returns: What it says, checked.
    /// - Throws: ``Wire/ConfigurationError``, or ``LinuxIO/SystemCallError``.
    func load(_ kind: FileContents.Kind = .regular) throws -> Stored {
        let octets = try FileContents(of: self.path, kind: kind).octets
        let configuration = try Configuration(parsing: octets, file: self.path)
        let numbers = Self.numbers(behind: Self.generationComment, in: octets)
        let generation = numbers.first.flatMap { Self.generations.contains($0) ? Int($0) : nil }
        return Stored(configuration: configuration, generation: generation ?? 0, source: Mark(octets))
    }

    /// Replaces the file: a reader, or a host that loses power, sees the old text or the new one.
    ///
    /// A symbolic link stays one; what it leads to is replaced.
    ///
    /// - Returns: Whether it is on the disk for certain, and by what it is known again.
    /// - Throws: ``LinuxIO/SystemCallError`` with the step that failed; the file is as it was then.
    func save(_ stored: Stored) throws(SystemCallError) -> (Durability, Mark) {
        let octets = Self.octets(of: stored)
        return (try Self.write(octets, to: try AtomicFile.target(of: self.path)), Mark(octets))
    }

    private static func octets(of stored: Stored) -> [UInt8] {
        Array("\(Self.generationComment)\(stored.generation)\n\(stored.text)".utf8)
    }

    /// Writes beside the file, where it must stay as it is.
    ///
    /// - Returns: The other file's path.
    /// - Throws: ``LinuxIO/SystemCallError`` with the step that failed.
    func saveBeside(_ stored: Stored) throws(SystemCallError) -> String {
        let path = "\(self.path).unsaved"
        _ = try Self.write(Self.octets(of: stored), to: path)
        return path
    }

    /// Whether the file holds something else than this; not when it is gone.
    func isOther(than mark: Mark?) -> Bool {
        guard let octets = try? FileContents(of: self.path).octets else { return false }
        return Mark(octets) != mark
    }

    /// Removes what daemons left that were killed while they wrote.
    func removeLeftovers() {
        Self.removeLeftovers(of: (try? AtomicFile.target(of: self.path)) ?? self.path)
    }

    /// Removes what daemons left that were killed while they wrote a file, or what belongs to it.
    static func removeLeftovers(of path: String) {
        let file = URL(fileURLWithPath: path)
        let folder = file.deletingLastPathComponent()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in names where name.hasPrefix("\(file.lastPathComponent).") && name.hasSuffix(".new") {
            try? FileManager.default.removeItem(at: folder.appending(path: name))
        }
    }

    private static func write(_ octets: [UInt8], to path: String) throws(SystemCallError) -> Durability {
        do throws(SystemCallError) {
            try AtomicFile.write(octets, to: path, mode: 0o600)
            return .certain
        } catch {
            // The folder may refuse to go to the disk after the new file has taken the old one's place.
            guard let present = try? FileContents(of: path).octets, present == octets else { throw error }
            return .untilPowerCut(error)
        }
    }

    // MARK: - The trial

    /// Reads what is on trial; nil when nothing is, or when it can't be read.
    func loadTrial() -> StoredTrial? {
        guard let octets = try? FileContents(of: self.trialPath).octets,
            let configuration = try? Configuration(parsing: octets, file: self.trialPath)
        else { return nil }
        let numbers = Self.numbers(behind: Self.trialComment, in: octets)
        // Whoever writes there: a deadline is a time, and what is left of it a difference of two.
        guard numbers.count == 3, Self.generations.contains(numbers[0]), UTCTime(numbers[1]) != nil,
            UTCTime(numbers[2]) != nil
        else { return nil }
        let stored = Stored(configuration: configuration, generation: Int(numbers[0]))
        return StoredTrial(stored: stored, deadline: numbers[1], limit: numbers[2])
    }

    /// Writes down what is on trial, so that a daemon that is killed comes back with it.
    ///
    /// - Throws: ``LinuxIO/SystemCallError`` with the step that failed; there is no trial then.
    func saveTrial(_ trial: StoredTrial) throws(SystemCallError) {
        let head = "\(Self.trialComment)\(trial.stored.generation) until \(trial.deadline) of \(trial.limit)"
        let text = "\(head)\n\(trial.stored.text)"
        _ = try Self.write(Array(text.utf8), to: self.trialPath)
    }

    /// Removes what was on trial; nothing happens when nothing was.
    ///
    /// - Throws: ``LinuxIO/SystemCallError`` when it is still there.
    func removeTrial() throws(SystemCallError) {
        try AtomicFile.remove(self.trialPath)
    }

    /// The numbers in the first line of a file that begins with a comment of ours.
    private static func numbers(behind comment: String, in octets: [UInt8]) -> [Int64] {
        let line = String(decoding: octets.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard line.hasPrefix(comment) else { return [] }
        return line.dropFirst(comment.count).split(separator: " ").compactMap { Int64($0) }
    }
}
