internal import Foundation

/// A run of another program, with limits on how long it takes and on what it says.
///
/// What it reads and writes is in files without a name: whoever does not read a pipe would hold up or harm who writes to it.
struct ProgramRun: Sendable {
    /// How a run came to its end.
    enum Ending: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)

        /// It was ended, since its time was over, since whoever wanted it was cancelled, or since it complained too much.
        case timedOut
        case interrupted
        case complained
    }

    /// What came of a run.
    struct Result: Sendable {
        let ending: Ending

        /// What it wrote to standard output, one octet more than was wanted at most.
        let output: [UInt8]

        /// What it wrote to standard error.
        let complaints: [UInt8]
    }

    let path: String
    var arguments: [String] = []

    /// Nil for that of this process.
    var environment: [String: String]?
    var folder: String?

    /// What it reads from standard input.
    var input: [UInt8] = []

    /// How many octets of its standard output are wanted; 0 for none of it.
    var mostOutput = 0

    /// How many octets it may write to standard error; 0 where nobody reads them.
    var mostComplaints = 0

    /// How long it may take; then it is ended.
    let limit: Duration

    /// Runs the program.
    ///
    /// - Throws: What says why it could not be run.
    func run() async throws -> Result {
        let input = try ScratchFile.open()
        try input.write(contentsOf: Data(self.input))
        try input.seek(toOffset: 0)
        let output = self.mostOutput > 0 ? try ScratchFile.open() : nil
        let complaints = self.mostComplaints > 0 ? Pipe() : nil
        if let complaints {
            _ = fcntl(complaints.fileHandleForReading.fileDescriptor, F_SETFL, O_NONBLOCK)
        }
        let descriptors = ChildProcess.Descriptors(
            input: input.fileDescriptor,
            output: output?.fileDescriptor,
            complaints: complaints?.fileHandleForWriting.fileDescriptor
        )
        let process = try await self.start(descriptors)
        try complaints?.fileHandleForWriting.close()
        let (ending, said) = await self.wait(for: process, complaints)
        try output?.seek(toOffset: 0)
        let written = try output?.read(upToCount: self.mostOutput + 1) ?? Data()
        return Result(ending: ending, output: Array(written), complaints: said)
    }

    /// How often it is tried again when the program's file is still open for writing, and how long between.
    private static let (mostTries, pause) = (10, Duration.milliseconds(20))

    private func start(_ descriptors: ChildProcess.Descriptors) async throws -> ChildProcess {
        var tries = 0
        while true {
            do throws(ChildProcess.Refusal) {
                return try ChildProcess(
                    self.path,
                    self.arguments,
                    environment: self.environment,
                    folder: self.folder,
                    descriptors
                )
            } catch {
                guard error.code == ETXTBSY, tries < Self.mostTries else { throw error }
            }
            // Whoever wrote it has closed it; another that is just being started has a copy of the descriptor for a moment.
            tries += 1
            try await Task.sleep(for: Self.pause)
        }
    }

    private func wait(for process: ChildProcess, _ complaints: Pipe?) async -> (Ending, [UInt8]) {
        let end = ContinuousClock.now + self.limit
        var said: [UInt8] = []
        while true {
            let ended = process.poll()
            said += self.read(complaints)
            switch ended {
            case .exited(let status): return (.exited(status), said)
            case .signalled(let signal): return (.signalled(signal), said)
            case nil: break
            }
            let ending: Ending? =
                said.count > self.mostComplaints
                ? .complained : Task.isCancelled ? .interrupted : ContinuousClock.now < end ? nil : .timedOut
            if let ending {
                await Self.end(process)
                return (ending, said)
            }
            // Cancelled: the loop looks.
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// What the program wrote to standard error since the last time, as far as it is wanted.
    private func read(_ complaints: Pipe?) -> [UInt8] {
        guard let complaints else { return [] }
        var buffer = [UInt8](repeating: 0, count: self.mostComplaints + 1)
        let descriptor = complaints.fileHandleForReading.fileDescriptor
        let count = buffer.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
        return Array(buffer.prefix(max(0, count)))
    }

    /// Ends the program and whatever it started: they are a process group of their own.
    private static func end(_ process: ChildProcess) async {
        process.signal(SIGTERM)
        for _ in 0..<100 where !process.hasEnded {
            // A task of its own: it is waited for even when the service ends.
            await Task.detached { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
        // Whatever it started may have ignored the first; its group is its own until it is waited for.
        process.signal(SIGKILL)
        process.wait()
    }
}
