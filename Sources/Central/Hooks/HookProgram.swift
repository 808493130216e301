internal import Foundation
internal import Wire

/// A program of the operator's that is told of something: one run each time, with the notice on standard input.
package struct HookProgram: Sendable {
    /// How many octets it may write to standard error.
    private static let mostOutput = 4096

    private let path: String

    /// How long a run may take; then it is ended.
    private let limit: Duration

    /// Takes a program.
    ///
    /// - Parameters:
    ///   - path: An absolute path.
    ///   - task: What it is for, in the words of its option.
    ///   - limit: How long a run may take.
    /// - Throws: ``RegistryError/unusable(_:)`` when there is no such program, or it may not be run.
    package init(
        _ path: String,
        task: String = "to tell of events",
        limit: Duration = .seconds(10)
    ) throws(RegistryError) {
        guard path.hasPrefix("/") else {
            throw .unusable("\(path) is not an absolute path: name the program \(task) by one")
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
            throw .unusable("there is no program \(path) \(task)")
        }
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw .unusable("\(path) may not be executed: chmod +x \(path)")
        }
        self.path = path
        self.limit = limit
    }

    /// Runs the program.
    ///
    /// - Parameter input: What it reads from standard input.
    /// - Returns: What went wrong, in words; nil when it ended with status 0.
    func run(_ input: String) async -> String? {
        let run = ProgramRun(
            path: self.path,
            environment: ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            folder: "/",
            input: Array(input.utf8),
            mostComplaints: Self.mostOutput,
            limit: self.limit
        )
        do {
            return self.words(for: try await run.run())
        } catch {
            return "it could not be run: \(error.localizedDescription)".printable
        }
    }

    private func words(for result: ProgramRun.Result) -> String? {
        let last = String(decoding: result.complaints, as: UTF8.self).split(separator: "\n").last
        let hint = last.map { ": \($0.printable)" } ?? ""
        switch result.ending {
        case .exited(0): return nil
        case .exited(let status): return "it ended with status \(status)\(hint)"
        case .signalled(let signal): return "it was ended by signal \(signal)\(hint)"
        case .timedOut: return "it did not end within \(self.limit.inSeconds)"
        case .interrupted: return "it was interrupted"
        case .complained: return "it wrote more than \(Self.mostOutput) octets to standard error"
        }
    }
}
