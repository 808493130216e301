internal import Foundation

/// Makes PNG of SVG, by the program `rsvg-convert` where it is installed.
package struct ImageConverter: Sendable {
    private let program: String
    private let deadline: Duration

    /// The largest image that is taken, in octets.
    private static let mostOctets = 8 << 20

    /// Looks for the program in the folders of a search path.
    ///
    /// - Parameters:
    ///   - path: Folders, with colons between; default: the environment's `PATH`.
    ///   - deadline: How long a conversion may take.
    /// - Throws: ``RegistryError/unusable(_:)`` when it is not there.
    package init(
        path: String = ProcessInfo.processInfo.environment["PATH"] ?? "",
        deadline: Duration = .seconds(10)
    ) throws {
        let folders = path.split(separator: ":")
        guard
            let folder = folders.first(where: {
                FileManager.default.isExecutableFile(atPath: "\($0)/rsvg-convert")
            })
        else {
            throw RegistryError.unusable(
                "PNG needs the program rsvg-convert, which is not in PATH: install librsvg2-bin and fonts-dejavu-core, or ask for .svg"
            )
        }
        self.program = "\(folder)/rsvg-convert"
        self.deadline = deadline
    }

    /// Makes a PNG image.
    ///
    /// - Throws: ``RegistryError/unusable(_:)`` when the program fails or takes too long.
    package func png(of svg: String) async throws -> [UInt8] {
        let (input, output) = (try ScratchFile.open(), try ScratchFile.open())
        try input.write(contentsOf: Data(svg.utf8))
        try input.seek(toOffset: 0)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: self.program)
        process.arguments = ["--format", "png"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw RegistryError.unusable("\(self.program) cannot be run: \(error.localizedDescription)")
        }
        try await self.wait(for: process)
        try output.seek(toOffset: 0)
        let image = try output.read(upToCount: Self.mostOctets + 1) ?? Data()
        guard process.terminationStatus == 0, image.starts(with: [0x89, 0x50, 0x4e, 0x47]),
            image.count <= Self.mostOctets
        else {
            throw RegistryError.unusable(
                "\(self.program) made no PNG image (exit status \(process.terminationStatus)): ask for .svg"
            )
        }
        return Array(image)
    }

    private func wait(for process: Process) async throws {
        let end = ContinuousClock.now + self.deadline
        while process.isRunning {
            guard ContinuousClock.now < end else {
                Self.end(process)
                throw RegistryError.unusable(
                    "\(self.program) was not done after \(self.deadline.components.seconds) s: ask for .svg"
                )
            }
            do {
                try await Task.sleep(for: .milliseconds(5))
            } catch {
                Self.end(process)
                throw error
            }
        }
    }

    private static func end(_ process: Process) {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
