import ArgumentParser
import Core
import LinuxIO
import Logging
import NIOCore
import ServiceLifecycle
import Wire

/// `sixxsd [run]`: the daemon itself.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs the daemon (the default).",
        discussion: """
            Needs CAP_NET_ADMIN for the TUN device and its routes, and CAP_NET_RAW for 6in4 and GRE.
            SIGTERM and SIGINT end it, SIGHUP reads the configuration file again.

              sixxsd --config /etc/sixxsd/sixxsd.conf --socket /run/sixxsd/control.sock
            """
    )

    @Option(
        help: "The configuration: read at start, written when it is changed from outside.",
        completion: .file()
    )
    var config: String

    @Option(help: "Name of the TUN device.")
    var tun = "sixxs"

    @Option(help: "Where the control port listens.", transform: { try Endpoint(parsing: $0) })
    var control = Endpoint(.ipv4(IPv4Address(127, 0, 0, 1)), port: ControlRequest.port)

    @Option(help: "Path of a UNIX socket for the people on this host.")
    var socket: String?

    @Option(
        help: "What is logged: trace, debug, info, notice, warning, error or critical.",
        transform: Self.level(named:)
    )
    var logLevel = Logger.Level.info

    @Flag(help: "Leaves the kernel's IPv6 forwarding as it is.")
    var keepForwarding = false

    @Flag(help: "Stays in the foreground, which it always does: for old start scripts.")
    var foreground = false

    private static func level(named name: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: name) else {
            let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("expected one of \(names), found \"\(name)\"")
        }
        return level
    }

    func run() async throws {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var logger = Logger(label: "sixxsd")
        logger.logLevel = self.logLevel
        let file = ConfigurationFile(path: self.config)
        let (configuration, generation) = try file.loadOrExplain()
        do {
            let daemon = try await Daemon(
                configuration,
                generation: generation,
                file: file,
                options: Daemon.Options(
                    tunName: self.tun,
                    control: self.control,
                    socketPath: self.socket,
                    enablesForwarding: !self.keepForwarding
                ),
                logger: logger
            )
            try await daemon.run()
        } catch let error as SystemCallError {
            StandardError.print("sixxsd: \(error)")
            throw ExitCode.failure
        } catch let error as IOError {
            StandardError.print("sixxsd: control port \(self.control): \(error)")
            throw ExitCode.failure
        }
    }
}
