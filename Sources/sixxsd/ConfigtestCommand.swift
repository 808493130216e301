import ArgumentParser
import LinuxIO
import Streams
import Wire

/// `sixxsd configtest FILE`.
struct ConfigtestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configtest",
        abstract: "Test a configuration file; nothing is started or changed.",
        discussion: """
            Prints what the file holds, or the first mistake with file, line and column. (`sixxsd check` is its old name.)

              sixxsd configtest /var/lib/sixxsd/sixxsd.conf

            Exit status: 0 the file is right, 1 it is not or can't be read, 2 wrong arguments.
            """,
        aliases: ["check"]
    )

    @Argument(help: "The file to test.", completion: .file())
    var file: String

    func run() throws {
        let configuration = try ConfigurationFile(path: self.file).loadOrExplain().configuration
        StandardOutput.print("\(self.file): \(Self.verdict(on: configuration))")
    }

    /// What is said of a file that is right.
    static func verdict(on configuration: Configuration) -> String {
        let tunnels = configuration.tunnels.count.counted("tunnel")
        let subnets = configuration.subnets.count.counted("subnet")
        return "OK, \(tunnels), \(subnets), digest \(configuration.digest)"
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
        } catch let error as SystemCallError {
            StandardError.print("sixxsd: cannot read the configuration: \(error)")
        } catch {
            StandardError.print("sixxsd: cannot read the configuration \(self.path): \(error)")
        }
        throw ExitCode.failure
    }
}
