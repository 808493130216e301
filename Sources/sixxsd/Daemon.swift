import Core
import LinuxIO
import Logging
import ServiceLifecycle
import UnixSignals
import Wire

/// The daemon put together: device, worker, configuration, control port.
struct Daemon {
    struct Options: Sendable {
        var tunName: String
        var control: Endpoint
        var socketPath: String?
        var enablesForwarding: Bool
    }

    private let worker: Worker
    private let store: ConfigurationStore
    private let server: ControlServer
    private let shutdown: ShutdownRequest
    private let logger: Logger

    /// Opens everything; nothing is left behind when a step fails.
    ///
    /// - Throws: ``LinuxIO/SystemCallError`` or NIO's errors with what could not be opened.
    init(
        _ configuration: Configuration,
        generation: Int,
        file: ConfigurationFile,
        options: Options,
        logger: Logger
    ) async throws {
        let ports = try Ports(tunName: options.tunName)
        let routes = try UplinkRoutes(deviceName: options.tunName)
        if options.enablesForwarding { try Sysctl.write(Sysctl.ipv6Forwarding, "1") }
        self.worker = try Worker(ports, EngineConfiguration(configuration), logger: logger)
        self.store = ConfigurationStore(
            configuration,
            generation: generation,
            file: file,
            mailbox: self.worker.mailbox,
            routes: routes,
            logger: logger
        )
        let shutdown = ShutdownRequest()
        let console = Console(
            store: self.store,
            mailbox: self.worker.mailbox,
            clock: DaemonClock(),
            control: ["\(options.control)"] + [options.socketPath].compactMap(\.self),
            tunName: options.tunName,
            shutDown: { shutdown.request() }
        )
        self.server = try await ControlServer(
            console,
            address: options.control,
            socketPath: options.socketPath,
            logger: logger
        )
        try await self.store.addRoutes()
        self.shutdown = shutdown
        self.logger = logger
    }

    /// Runs until a signal or a `shutdown` command ends it.
    ///
    /// - Throws: What made the worker give up.
    func run() async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: WorkerService(worker: self.worker, store: self.store, logger: self.logger)
                    ),
                    .init(service: ReloadService(store: self.store, logger: self.logger)),
                    .init(service: self.shutdown, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: self.server),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: self.logger
            )
        )
        try await group.run()
    }
}

/// Runs the worker, tells the service manager, and saves the configuration at the end.
private struct WorkerService: Service {
    let worker: Worker
    let store: ConfigurationStore
    let logger: Logger

    func run() async throws {
        self.worker.start()
        let notifier = SystemdNotifier()
        let state = await self.store.state
        self.notify(notifier, .ready)
        self.logger.notice(
            "serving",
            metadata: [
                "pop": "\(state.configuration.pop.ownDetails?.name ?? "-")",
                "tunnels": "\(state.configuration.tunnels.count)",
                "generation": "\(state.generation)",
            ]
        )
        try await withGracefulShutdownHandler {
            try await self.worker.waitUntilStopped()
        } onGracefulShutdown: {
            self.notify(notifier, .stopping)
            Task { await self.worker.stop() }
        }
        do { try await self.store.save() } catch {
            self.logger.error("configuration not saved at the end: \(error)")
        }
        self.logger.notice("ended")
    }

    private func notify(_ notifier: SystemdNotifier, _ message: SystemdNotifier.Message) {
        do { try notifier.notify(message) } catch {
            self.logger.warning("service manager not told: \(error)")
        }
    }
}

/// Reads the configuration file again at each SIGHUP.
private struct ReloadService: Service {
    let store: ConfigurationStore
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            do {
                let difference = try await self.store.reload()
                self.logger.notice("configuration read again: \(difference)")
            } catch {
                self.logger.error("configuration not read again, the old one stays: \(error)")
            }
        }
    }
}

/// Ends the daemon when a control session asks for it.
private struct ShutdownRequest: Service {
    private let requests: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (self.requests, self.continuation) = AsyncStream.makeStream()
    }

    func request() { self.continuation.yield() }

    func run() async throws {
        for await _ in self.requests.cancelOnGracefulShutdown() { return }
    }
}
