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
        /// Where sessions outlive a restart; nil for nowhere.
        var stateFile: StateFile?
        /// How often they are written down.
        var stateInterval = Duration.seconds(60)
        /// Where monitoring is answered; nil for nowhere.
        var metrics: MetricsServer.Options?
    }

    /// What must be opened with privileges that are given away afterwards.
    struct Openings: Sendable {
        /// One for each worker.
        let sockets: [WorkerSockets]
        let routes: UplinkRoutes
        /// Whether the TUN device's flows are spread over the workers as is best, or there is one.
        let spreadsFlows: Bool
        /// What the kernel forwards by itself.
        let fastPath: FastPathOpening

        /// Opens the TUN device and all sockets.
        ///
        /// - Throws: ``LinuxIO/SystemCallError`` with what could not be opened.
        init(
            tunName: String,
            enablesForwarding: Bool,
            dataPath: DataPathOptions,
            workers: Int,
            fastPath: FastPathMode
        ) throws(SystemCallError) {
            let nextHops =
                dataPath.departure == .link ? try NextHopService(logger: Logger(label: "sixxsd")) : nil
            self.sockets = try WorkerSockets.open(
                tunName: tunName,
                dataPath,
                nextHops: nextHops,
                workers: workers
            )
            self.spreadsFlows = workers == 1 || self.sockets[0].tun.spreadFlows()
            self.routes = try UplinkRoutes(deviceName: tunName, enablesForwarding: enablesForwarding)
            self.fastPath = FastPathOpening(fastPath, tunName: tunName)
        }
    }

    private let workers: Workers
    private let controller: ConfigurationController
    private let routes: UplinkRoutes
    private let ledger = KernelLedger()
    private let server: ControlServer
    private let metrics: MetricsServer?
    private let stateKeeper: StateKeeper?
    private let manager: ServiceManager
    private let shutdown = ShutdownRequest()
    private let hangups: UnixSignalsSequence
    private let fastPath: FastPathOpening
    /// The configuration file.
    private let path: String
    private let logger: Logger

    /// Puts everything together; nothing is left behind when a step fails.
    ///
    /// - Throws: ``LinuxIO/SystemCallError`` or NIO's errors with what could not be opened.
    init(
        _ start: BootConfiguration,
        file: ConfigurationFile,
        openings: Openings,
        options: Options,
        levels: LogLevels,
        logger: Logger
    ) async throws {
        let running = EngineConfiguration(start.running.configuration)
        let saved = options.stateFile.flatMap { Self.load($0, start, logger) }
        let disk = BackgroundThread("disk")
        self.manager = ServiceManager(logger)
        self.path = file.path
        self.fastPath = openings.fastPath
        self.workers = try Self.workers(openings, running, saved, logger)
        self.controller = ConfigurationController(
            start,
            file: file,
            disk: disk,
            mailboxes: self.workers.mailboxes,
            routes: openings.routes,
            levels: levels,
            prepared: running,
            logger: logger
        )
        self.stateKeeper = Self.stateKeeper(options, disk, self.controller, self.workers, logger)
        self.routes = openings.routes
        self.logger = logger
        // Before anybody can see that the daemon lives: untrapped, a hangup would end it.
        self.hangups = await UnixSignalsSequence(trapping: .sighup)
        let parts = (self.controller, self.workers, self.ledger, self.shutdown)
        let context = Self.context(parts, openings.fastPath, options, logger)
        (self.server, self.metrics) = try await Self.listen(options, context, logger)
        try await self.begin(start)
        Self.tell(of: openings, start, logger)
    }

    /// Lets in who speaks to the daemon, and answers monitoring where that is wanted; nobody is let in anywhere when an
    /// address cannot be had.
    private static func listen(
        _ options: Options,
        _ context: CommandContext,
        _ logger: Logger
    ) async throws -> (ControlServer, MetricsServer?) {
        let server = try await ControlServer(
            CommandHandler(context: context),
            at: options.doors,
            logger: logger
        )
        do {
            guard let metrics = options.metrics else { return (server, nil) }
            return (server, try await MetricsServer(metrics, context))
        } catch {
            await server.close()
            throw error
        }
    }

    /// Goes on with the trial of the daemon before, and adds routes; nobody is let in when the kernel refuses.
    private func begin(_ start: BootConfiguration) async throws {
        do { try await self.controller.begin(start) } catch {
            await self.server.close()
            throw error
        }
    }

    /// What writes sessions down; nil where that is not wanted.
    private static func stateKeeper(
        _ options: Options,
        _ disk: BackgroundThread,
        _ controller: ConfigurationController,
        _ workers: Workers,
        _ logger: Logger
    ) -> StateKeeper? {
        options.stateFile.map {
            StateKeeper(
                $0,
                every: options.stateInterval,
                disk: disk,
                controller: controller,
                sessions: workers.sessions,
                logger: logger
            )
        }
    }

    private static func workers(
        _ openings: Openings,
        _ running: EngineConfiguration,
        _ saved: SavedState?,
        _ logger: Logger
    ) throws(SystemCallError) -> Workers {
        try Workers(
            openings.sockets,
            running,
            saved: saved,
            forwarding: openings.fastPath.forwarding,
            logger: logger
        )
    }

    /// What commands look at and change.
    private static func context(
        _ parts: (ConfigurationController, Workers, KernelLedger, ShutdownRequest),
        _ fastPath: FastPathOpening,
        _ options: Options,
        _ logger: Logger
    ) -> CommandContext {
        let (controller, workers, ledger, shutdown) = parts
        return CommandContext(
            controller: controller,
            mailboxes: workers.mailboxes,
            traces: TraceHub(workers.mailboxes),
            ledger: ledger,
            clock: DaemonClock(),
            control: ["\(options.doors.tcp)"] + [options.doors.socketPath].compactMap(\.self),
            tunName: options.tunName,
            fastPath: fastPath,
            loopback: options.doors.tcp.loopback,
            logger: logger,
            shutDown: { shutdown.request() }
        )
    }

    /// Tells the log what is otherwise than an operator may think.
    private static func tell(of openings: Openings, _ start: BootConfiguration, _ logger: Logger) {
        if !openings.spreadsFlows {
            logger.notice(
                "CAP_BPF is missing: the kernel distributes flows over the workers by a hash of its own"
            )
        }
        for name in openings.routes.listening {
            logger.notice(
                "\(name) still accepts router advertisements: accept_ra set to 2, since the host forwards now"
            )
        }
        if case .failed(let error) = openings.fastPath {
            logger.notice("6in4 and GRE are not forwarded in the kernel: \(error)")
        }
        if let note = start.note { logger.warning("\(note)") }
    }

    /// Reads what the daemon before wrote down; a daemon starts without it when it is of no use.
    private static func load(_ file: StateFile, _ start: BootConfiguration, _ logger: Logger) -> SavedState? {
        do throws(StateFile.Refusal) {
            let pop = start.running.configuration.pop.ownDetails
            return try file.load(for: pop, at: Int64(clamping: WallClock.secondsSince1970()))
        } catch {
            logger.warning("\(file.path) cannot be used, tunnels start without saved sessions: \(error)")
            return nil
        }
    }

    /// Runs until a signal or a `shutdown` command ends it.
    ///
    /// - Throws: What made a worker give up.
    func run() async throws {
        let watchdog = WatchdogService(mailboxes: self.workers.mailboxes, manager: self.manager)
        let worker = WorkerService(
            workers: self.workers,
            controller: self.controller,
            stateKeeper: self.stateKeeper,
            manager: self.manager,
            logger: self.logger
        )
        let reload = ReloadService(
            hangups: self.hangups,
            path: self.path,
            controller: self.controller,
            manager: self.manager,
            logger: self.logger
        )
        let kernel = KernelService(
            routes: self.routes,
            watch: self.routes.watch,
            ledger: self.ledger,
            logger: self.logger
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: worker),
                    .init(service: watchdog),
                    .init(service: reload),
                    .init(service: kernel),
                    .init(service: self.shutdown, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: self.server),
                ] + Self.optional(self.stateKeeper)
                    + Self.optional(FastPathService(self.fastPath, logger: self.logger))
                    + Self.optional(self.metrics),
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: self.logger
            )
        )
        try await group.run()
    }

    /// A service where there is one.
    private static func optional(
        _ service: (some Service)?
    ) -> [ServiceGroupConfiguration.ServiceConfiguration] {
        [service].compactMap(\.self).map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) }
    }
}

/// Runs the workers, tells the service manager, and saves the configuration at the end.
private struct WorkerService: Service {
    /// How long the disk may take at the end; service managers wait no longer than twice that.
    private static let patience = Duration.seconds(5)

    let workers: Workers
    let controller: ConfigurationController
    let stateKeeper: StateKeeper?
    let manager: ServiceManager
    let logger: Logger

    func run() async throws {
        // Ready is who answers: the control port listens already.
        try await self.workers.start()
        let state = await self.controller.state
        self.stateKeeper?.saveSoon()
        await self.manager.tell(.ready)
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
            Task {
                await self.workers.stop()
                await self.manager.tell(.stopping)
            }
        }
        await self.save()
        self.logger.notice("ended")
    }

    /// Saves everything, unless the disk takes too long: what comes next can't wait for it for ever.
    private func save() async {
        let (ends, end) = AsyncStream<Bool>.makeStream()
        Task {
            do {
                if let path = try await self.controller.saveAtEnd() {
                    self.logger.warning(
                        "the configuration file was edited meanwhile and is kept; the running configuration was saved as \(path)"
                    )
                }
            } catch {
                self.logger.error("configuration could not be saved on exit: \(error)")
            }
            await self.stateKeeper?.save(isFinal: true)
            end.yield(true)
        }
        Task {
            try await Task.sleep(for: Self.patience)
            end.yield(false)
        }
        for await isSaved in ends {
            if !isSaved { self.logger.error("not everything is saved on exit: the disk does not respond") }
            return
        }
    }
}

/// Tells the service manager that the daemon is alive, as long as all packet loops answer.
private struct WatchdogService: Service {
    let mailboxes: EngineMailboxes
    let manager: ServiceManager

    func run() async throws {
        guard let interval = self.manager.watchdogInterval else { return try await gracefulShutdown() }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                _ = await self.mailboxes.perform { _, _ in }
                await self.manager.tell(.watchdog)
                try? await Task.sleep(for: interval / 3)
            }
        }
    }
}

/// Reads the configuration file again at each SIGHUP.
private struct ReloadService: Service {
    let hangups: UnixSignalsSequence
    let path: String
    let controller: ConfigurationController
    let manager: ServiceManager
    let logger: Logger

    func run() async throws {
        for await _ in self.hangups.cancelOnGracefulShutdown() {
            // On its own: a disk that hangs must not keep the daemon from its end.
            Task { await self.reload() }
        }
    }

    private func reload() async {
        await self.manager.tell(.reloading(atNanoseconds: MonotonicClock.now()))
        do {
            let difference = try await self.controller.reload()
            self.logger.notice("configuration reloaded: \(difference)")
        } catch let failure as ConfigurationFailure where failure.canBeForced {
            self.logger.error(
                "\(self.path) not reloaded, the running configuration stays: \(failure) ('config reload force' on the control port applies it anyway)"
            )
        } catch {
            self.logger.error("configuration not reloaded, the running one stays: \(error)")
        }
        await self.manager.tell(.ready)
    }
}

/// Tells the service manager, in a thread of its own: it may take its time.
private final class ServiceManager: Sendable {
    private let notifier = SystemdNotifier()
    private let thread = BackgroundThread("notify")
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    /// How often it wants to hear that the daemon lives.
    var watchdogInterval: Duration? { self.notifier.watchdogInterval }

    func tell(_ message: SystemdNotifier.Message) async {
        let notifier = self.notifier
        do throws(SystemCallError) {
            try await self.thread.perform { () throws(SystemCallError) in try notifier.notify(message) }
        } catch {
            self.logger.warning("service manager not notified: \(error)")
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
