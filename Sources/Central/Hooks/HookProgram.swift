internal import Foundation
internal import Wire

/// A program of the operator's that is told of events: one run for each, with the notice on standard input.
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
        self.path = path
        self.limit = limit
    }

    /// Runs the program.
    ///
    /// - Parameter input: What it reads from standard input.
    /// - Returns: What went wrong, in words; nil when it ended with status 0.
    func run(_ input: String) async -> String? {
        do {
            let complaints = Pipe()
            let process = try self.process(reading: input, complaining: complaints)
            let reader = complaints.fileHandleForReading.fileDescriptor
            _ = fcntl(reader, F_SETFL, O_NONBLOCK)
            try process.run()
            return await self.outcome(of: process, complaints)
        } catch {
            return "it could not be run: \(error.localizedDescription)".printable
        }
    }

    private func process(reading input: String, complaining complaints: Pipe) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: self.path)
        process.environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        // A file without a name: whoever does not read a pipe would hold up or harm who writes to it.
        let file = try ScratchFile.open()
        try file.write(contentsOf: Data(input.utf8))
        try file.seek(toOffset: 0)
        process.standardInput = file
        process.standardOutput = FileHandle.nullDevice
        process.standardError = complaints
        return process
    }

    private func outcome(of process: Process, _ complaints: Pipe) async -> String? {
        let end = ContinuousClock.now + self.limit
        var said: [UInt8] = []
        while process.isRunning {
            said += Self.read(complaints)
            guard said.count <= Self.mostOutput else {
                await Self.end(process)
                return "it wrote more than \(Self.mostOutput) octets to standard error"
            }
            guard ContinuousClock.now < end, !Task.isCancelled else {
                await Self.end(process)
                return Task.isCancelled
                    ? "it was interrupted" : "it did not end within \(self.limit.inSeconds)"
            }
            // Cancelled: the loop looks.
            try? await Task.sleep(for: .milliseconds(10))
        }
        said += Self.read(complaints)
        return Self.words(for: process, said)
    }

    /// What the program wrote since the last time, as far as it is wanted.
    private static func read(_ complaints: Pipe) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: Self.mostOutput + 1)
        let descriptor = complaints.fileHandleForReading.fileDescriptor
        let count = buffer.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
        return Array(buffer.prefix(max(0, count)))
    }

    /// Ends the program and whatever it started: they are a process group of their own.
    private static func end(_ process: Process) async {
        let group = -process.processIdentifier
        kill(group, SIGTERM)
        for _ in 0..<100 where process.isRunning {
            // A task of its own: it is waited for even when the service ends.
            await Task.detached { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
        kill(group, SIGKILL)
        process.waitUntilExit()
    }

    private static func words(for process: Process, _ said: [UInt8]) -> String? {
        let last = String(decoding: said, as: UTF8.self).split(separator: "\n").last
        let hint = last.map { ": \($0.printable)" } ?? ""
        switch (process.terminationReason, process.terminationStatus) {
        case (.exit, 0): return nil
        case (.exit, let status): return "it ended with status \(status)\(hint)"
        case (_, let signal): return "it was ended by signal \(signal)\(hint)"
        }
    }
}
