import ArgumentParser
import LinuxIO
import Streams
import Wire

/// `sixxsd check FILE`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Says whether a configuration file is right.",
        discussion: """
            Prints what it holds and exits 0, or prints the first mistake with file, line and column and exits 1.

              sixxsd check /var/lib/sixxsd/sixxsd.conf
            """
    )

    @Argument(help: "The file to check.", completion: .file())
    var file: String

    func run() throws {
        let configuration = try ConfigurationFile(path: self.file).loadOrExplain().configuration
        let tunnels = configuration.tunnels.count
        StandardOutput.print(
            "\(self.file): right: \(tunnels) tunnels, \(configuration.subnets.count) subnets, \(configuration.digest)"
        )
    }
}

extension ConfigurationFile {
    /// Loads the file; what is wrong is printed and ends the program with status 1.
    func loadOrExplain() throws -> Stored {
        try self.orExplain { try self.load(.any) }
    }

    /// Finds out what to start with; what is wrong is printed and ends the program with status 1.
    func startOrExplain() throws -> BootConfiguration {
        try self.orExplain { try BootConfiguration(self, at: Int64(clamping: WallClock.secondsSince1970())) }
    }

    private func orExplain<Value>(_ load: () throws -> Value) throws -> Value {
        do {
            return try load()
        } catch let error as ConfigurationError {
            StandardError.print("\(error)")
        } catch {
            StandardError.print("\(self.path): cannot be read: \(error)")
        }
        throw ExitCode.failure
    }
}
