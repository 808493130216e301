import Core
import LinuxIO
import Logging
import ServiceLifecycle
import UnixSignals
import Wire

/// The daemon put together: device, workers, configuration, control port.
struct Daemon {
    struct Options: Sendable {
        var tunName: String
        var doors: ControlServer.Doors
    }

    /// What must be opened with privileges that are given away afterwards.
    struct Openings: Sendable {
        /// One for each worker.
        let ports: [Ports]
        let routes: UplinkRoutes
        /// Whether the TUN device's flows are spread over the workers as is best, or there is one.
        let spreadsFlows: Bool

        /// Opens the TUN device and all sockets.
        ///
        /// - Throws: ``LinuxIO/SystemCallError`` with what could not be opened.
        init(
            tunName: String,
            enablesForwarding: Bool,
            dataPath: DataPathOptions,
            workers: Int
        ) throws(SystemCallError) {
            let nextHops =
                dataPath.departure == .link ? try NextHopService(logger: Logger(label: "sixxsd")) : nil
            self.ports = try Ports.open(tunName: tunName, dataPath, nextHops: nextHops, workers: workers)
            self.spreadsFlows = workers == 1 || self.ports[0].tun.spreadFlows()
            self.routes = try UplinkRoutes(deviceName: tunName)
            if enablesForwarding { try Sysctl.write(Sysctl.ipv6Forwarding, "1") }
        }
    }

    private let workers: Workers
    private let store: ConfigurationStore
    private let server: ControlServer
    private let shutdown: ShutdownRequest
    private let hangups: UnixSignalsSequence
    private let logger: Logger

    /// Puts everything together; nothing is left behind when a step fails.
    ///
    /// - Throws: ``LinuxIO/SystemCallError`` or NIO's errors with what could not be opened.
    init(
        _ start: StartingPoint,
        file: ConfigurationFile,
        openings: Openings,
        options: Options,
        levels: LogLevels,
        logger: Logger
    ) async throws {
        let running = EngineConfiguration(start.running.configuration)
        self.workers = try Workers(openings.ports, running, logger: logger)
        self.store = ConfigurationStore(
            start,
            file: file,
            mailboxes: self.workers.mailboxes,
            routes: openings.routes,
            levels: levels,
            prepared: running,
            logger: logger
        )
        let shutdown = ShutdownRequest()
        let console = Console(
            store: self.store,
            mailboxes: self.workers.mailboxes,
            traces: TraceHub(self.workers.mailboxes),
            clock: DaemonClock(),
            control: ["\(options.doors.tcp)"] + [options.doors.socketPath].compactMap(\.self),
            tunName: options.tunName,
            loopback: options.doors.tcp.loopback,
            logger: logger,
            shutDown: { shutdown.request() }
        )
        // Before anybody can see that the daemon lives: untrapped, a hangup would end it.
        self.hangups = await UnixSignalsSequence(trapping: .sighup)
        self.server = try await ControlServer(
            console,
            at: options.doors,
            logger: logger
        )
        try await self.store.begin(start)
        if !openings.spreadsFlows {
            logger.notice("the kernel spreads flows over the workers its own way: CAP_BPF is missing")
        }
        if let note = start.note { logger.warning("\(note)") }
        self.shutdown = shutdown
        self.logger = logger
    }

    /// Runs until a signal or a `shutdown` command ends it.
    ///
    /// - Throws: What made a worker give up.
    func run() async throws {
        let watchdog = WatchdogService(mailboxes: self.workers.mailboxes, logger: self.logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: WorkerService(workers: self.workers, store: self.store, logger: self.logger)
                    ),
                    .init(service: watchdog),
                    .init(
                        service: ReloadService(hangups: self.hangups, store: self.store, logger: self.logger)
                    ),
                    .init(service: RouteService(store: self.store, logger: self.logger)),
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

/// Runs the workers, tells the service manager, and saves the configuration at the end.
private struct WorkerService: Service {
    let workers: Workers
    let store: ConfigurationStore
    let logger: Logger

    func run() async throws {
        // Ready is who answers: the control port listens already.
        try await self.workers.start()
        let state = await self.store.state
        SystemdNotifier().tell(.ready, self.logger)
        self.logger.notice(
            "serving",
            metadata: [
                "pop": "\(state.configuration.pop.ownDetails?.name ?? "-")",
                "tunnels": "\(state.configuration.tunnels.count)",
                "generation": "\(state.generation)",
                "workers": "\(self.workers.count)",
            ]
        )
        try await withGracefulShutdownHandler {
            try await self.workers.waitUntilStopped()
        } onGracefulShutdown: {
            SystemdNotifier().tell(.stopping, self.logger)
            Task { await self.workers.stop() }
        }
        do { _ = try await self.store.save() } catch {
            self.logger.error("configuration not saved at the end: \(error)")
        }
        self.logger.notice("ended")
    }
}

/// Tells the service manager that the daemon is alive, as long as all packet loops answer.
private struct WatchdogService: Service {
    let mailboxes: EngineMailboxes
    let logger: Logger

    func run() async throws {
        let notifier = SystemdNotifier()
        guard let interval = notifier.watchdogInterval else { return try await gracefulShutdown() }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                _ = await self.mailboxes.perform { _, _ in }
                notifier.tell(.watchdog, self.logger)
                try? await Task.sleep(for: interval / 3)
            }
        }
    }
}

/// Looks every now and then whether the kernel still routes the prefixes to the device.
private struct RouteService: Service {
    private static let period = Duration.seconds(5)

    let store: ConfigurationStore
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var lastError = ""
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.period)
                lastError = await self.look(lastError)
            }
        }
    }

    /// Returns what went wrong, which is not to be said again.
    private func look(_ lastError: String) async -> String {
        do {
            let count = try await self.store.restoreRoutes()
            if count > 0 { self.logger.warning("the kernel had forgotten \(count) routes: added again") }
            return ""
        } catch {
            let words = "\(error)"
            if words != lastError { self.logger.error("the kernel's routes are gone and stay so: \(words)") }
            return words
        }
    }
}

/// Reads the configuration file again at each SIGHUP.
private struct ReloadService: Service {
    let hangups: UnixSignalsSequence
    let store: ConfigurationStore
    let logger: Logger

    func run() async throws {
        for await _ in self.hangups.cancelOnGracefulShutdown() {
            let notifier = SystemdNotifier()
            notifier.tell(.reloading(atNanoseconds: MonotonicClock.now()), self.logger)
            do {
                let difference = try await self.store.reload()
                self.logger.notice("configuration read again: \(difference)")
            } catch {
                self.logger.error("configuration not read again, the old one stays: \(error)")
            }
            notifier.tell(.ready, self.logger)
        }
    }
}

extension SystemdNotifier {
    fileprivate func tell(_ message: Message, _ logger: Logger) {
        do { try self.notify(message) } catch { logger.warning("service manager not told: \(error)") }
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
