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
        let run = ProgramRun(
            path: self.program,
            arguments: ["--format", "png"],
            input: Array(svg.utf8),
            mostOutput: Self.mostOctets,
            limit: self.deadline
        )
        let result: ProgramRun.Result
        do {
            result = try await run.run()
        } catch let error as RegistryError {
            throw error
        } catch {
            throw RegistryError.unusable("\(self.program) cannot be run: \(error.localizedDescription)")
        }
        switch result.ending {
        case .timedOut:
            throw RegistryError.unusable(
                "\(self.program) was not done after \(self.deadline.components.seconds) s: ask for .svg"
            )
        case .interrupted: throw CancellationError()
        case .exited(0)
        where result.output.starts(with: [0x89, 0x50, 0x4e, 0x47]) && result.output.count <= Self.mostOctets:
            return result.output
        case .exited(let status), .signalled(let status):
            throw RegistryError.unusable(
                "\(self.program) made no PNG image (exit status \(status)): ask for .svg"
            )
        case .complained: throw RegistryError.unusable("\(self.program) made no PNG image: ask for .svg")
        }
    }
}
