internal import Foundation
internal import Subprocess
internal import SystemPackage
internal import Wire

/// A program of the operator's that is told of events: one run for each, with the notice on standard input.
package struct HookProgram: Sendable {
    /// How much it may say.
    private static let mostOutput = 4096

    private let path: FilePath

    /// How long a run may take; then it is ended.
    private let limit: Duration

    /// Takes a program.
    ///
    /// - Parameters:
    ///   - path: An absolute path.
    ///   - limit: How long a run may take.
    /// - Throws: ``RegistryError/unusable(_:)`` when there is no such program, or it may not be run.
    package init(_ path: String, limit: Duration = .seconds(10)) throws(RegistryError) {
        guard path.hasPrefix("/") else {
            throw .unusable("\(path) is not an absolute path: name the program that is told of events by one")
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
            throw .unusable("there is no program \(path) to tell of events")
        }
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw .unusable("\(path) may not be executed: chmod +x \(path)")
        }
        // A program that does not read what it is told must not end this one.
        signal(SIGPIPE, SIG_IGN)
        self.path = FilePath(path)
        self.limit = limit
    }

    /// Runs the program.
    ///
    /// - Parameter input: What it reads from standard input.
    /// - Returns: What went wrong, in words; nil when it ended with status 0.
    func run(_ input: String) async -> String? {
        await withTaskGroup(of: String??.self) { group in
            group.addTask { .some(await self.runWithoutLimit(input)) }
            group.addTask {
                // Cancelled: the run has ended, or the whole service does.
                try? await Task.sleep(for: self.limit)
                return Task.isCancelled ? .none : .some("it did not end within \(self.limit.inSeconds)")
            }
            var answer: String?? = .none
            while answer == nil, let next = await group.next() { answer = next }
            // What still runs gets SIGTERM, and SIGKILL a second later.
            group.cancelAll()
            return answer ?? "it was interrupted"
        }
    }

    private func runWithoutLimit(_ input: String) async -> String? {
        var options = PlatformOptions()
        // A group of its own, so that whatever it started ends with it.
        options.processGroupID = 0
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(1)),
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero),
        ]
        do {
            let result = try await Subprocess.run(
                .path(self.path),
                environment: .custom(["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
                ),
                workingDirectory: "/",
                platformOptions: options,
                input: .string(input),
                output: .discarded,
                error: .string(limit: Self.mostOutput)
            )
            guard !result.terminationStatus.isSuccess else { return nil }
            let said = result.standardError.split(separator: "\n").last.map { ": \($0.printable)" } ?? ""
            return "\(Self.words(for: result.terminationStatus))\(said)"
        } catch {
            return "it could not be run: \(error)".printable
        }
    }

    private static func words(for status: TerminationStatus) -> String {
        switch status {
        case .exited(let code): "it ended with status \(code)"
        case .signaled(let signal): "it was ended by signal \(signal)"
        }
    }
}
