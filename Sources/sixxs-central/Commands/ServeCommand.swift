internal import ArgumentParser
internal import Central
internal import Logging
internal import ServiceLifecycle
internal import Streams
internal import UnixSignals

/// `serve`: rounds until told to stop.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Push to all PoPs now, and then at every multiple of the interval, until SIGTERM.",
        discussion: """
            Logs to standard error. Of several on one database one makes the rounds; the others stand by and \
            take over when it ends. A PoP that cannot be reached is tried again between rounds, with growing pauses.

            Example:
              sixxs-central serve --interval 600
            """
    )

    @OptionGroup var store: StoreOptions
    @Option(
        help: "Seconds between rounds, 1 to 86400; default 600.",
        transform: { try Parsers.number($0, in: 1...86400, "seconds") }
    )
    var interval = 600
    @Option(
        help:
            "Seconds until another serve on the same database takes over from this one when it was killed, 3 to 600; default 30.",
        transform: { try Parsers.number($0, in: 3...600, "seconds") }
    )
    var lease = 30
    @Option(
        help: "trace, debug, info, notice, warning, error or critical; default info.",
        transform: Self.level
    )
    var logLevel = Logger.Level.info

    private static func level(_ text: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: text) else {
            throw ValidationError("there is no log level \(text)")
        }
        return level
    }

    func run() async throws {
        LoggingSystem.bootstrap { LogStream.handler(label: $0) }
        var logger = Logger(label: "sixxs-central")
        logger.logLevel = self.logLevel
        let rounds = ServeRounds(
            interval: .seconds(self.interval),
            leaseDuration: .seconds(self.lease)
        )
        let service = rounds.service(in: try self.store.serve(), logger: logger)
        logger.info("serving \(self.store.database), a round every \(self.interval) s")
        let group = ServiceGroup(
            services: [service],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        try await group.run()
    }
}
