import Core
import LinuxIO
import Logging
import Streams
import Wire

/// Why the program cannot start.
struct StartError: Error, CustomStringConvertible {
    /// One sentence for people.
    let description: String

    /// Reads something, and says what it was to be when the system refuses.
    static func reading<Value>(_ what: String, _ read: () throws -> Value) throws -> Value {
        do { return try read() } catch let error as SystemCallError {
            throw StartError(description: "cannot read \(what): \(error)")
        }
    }
}

extension TunnelOptions {
    /// Sets the tunnel up and carries packets until a signal comes.
    ///
    /// - Parameter type: The type that the command names; nil where the file says it.
    /// - Throws: What ends the program, with the thing, the place and the next step.
    func run(_ type: ClientSettings.TunnelType?) throws {
        var settings = try self.settings()
        settings.type = type ?? settings.type
        // A command that names the type has been told everything else, too.
        if type != nil { settings.tic = nil }
        try Self.run(settings)
    }

    /// Sets up the tunnel that settings describe, or that is asked for, and carries packets until a signal comes.
    ///
    /// - Parameter settings: The settings.
    /// - Throws: What ends the program, with the thing, the place and the next step.
    static func run(_ settings: ClientSettings) throws {
        Privileges.forbidDumps()
        let logger = Self.makeLogger(settings.logLevel)
        if let server = settings.tic { return try LoginRun(settings, at: server, logger).run() }
        var loop = try TunnelRun(try TunnelPlan(settings), logger).makeFirstLoop()
        _ = try loop.run()
    }

    /// A logger that writes lines to standard error.
    private static func makeLogger(_ level: Logger.Level) -> Logger {
        LoggingSystem.bootstrap { LogStream.handler(label: $0) }
        var logger = Logger(label: "sixxs-client")
        logger.logLevel = level
        return logger
    }
}

/// A tunnel from its device to what ends it.
struct TunnelRun {
    let plan: TunnelPlan
    let encapsulation: TunnelProtocol
    let logger: Logger

    /// Logs in again when the tunnel is silent, after which it may be one of another type; nil where nobody logged in.
    private let renewal: LoginRenewal?

    init(_ plan: TunnelPlan, _ logger: Logger, renewal: LoginRenewal? = nil) throws {
        self.renewal = renewal
        self.plan = plan
        self.logger = logger
        self.encapsulation = try Self.encapsulation(of: plan, logger)
    }

    /// Sets up the device and all that carries its packets, and gives up what privileges are not needed any more.
    ///
    /// - Throws: What ends the program.
    func makeFirstLoop() throws -> ClientLoop {
        try self.checkPrivileges()
        let signals = try SignalDescriptor([.interrupt, .terminate])
        let interface = try self.makeInterface()
        let reports = self.reports()
        try self.dropPrivileges()
        return try self.makeLoop(interface, signals, reports)
    }

    /// The same in the place of a loop whose tunnel is another now.
    ///
    /// - Parameter remains: What that loop left.
    /// - Returns: The loop.
    /// - Throws: What ends the program.
    func makeNextLoop(_ remains: consuming ClientLoop.Remains) throws -> ClientLoop {
        let settings = self.plan.settings
        // Its device stays, since nobody without privileges may be able to make another.
        let interface = try remains.interface.changed(to: self.plan.identity, mtu: settings.mtu)
        self.logger.info("device \(interface.tun.name) is \(self.plan.identity)/64 now, MTU \(settings.mtu)")
        return try self.makeLoop(interface, remains.signals, remains.reports)
    }

    private func makeInterface() throws -> TunnelInterface {
        let settings = self.plan.settings
        let interface = try TunnelInterface(
            name: settings.tun,
            identity: self.plan.identity,
            mtu: settings.mtu,
            defaultRoute: settings.hasDefaultRoute ? .throughTunnel : .untouched,
            settings.offloads
        )
        let device = interface.tun.name
        let route = settings.hasDefaultRoute ? "default route" : "no default route"
        self.logger.info("device \(device) is up: \(self.plan.identity)/64, MTU \(settings.mtu), \(route)")
        return interface
    }

    private func makeLoop(
        _ interface: consuming TunnelInterface,
        _ signals: consuming SignalDescriptor,
        _ reports: consuming ReportSocket?
    ) throws -> ClientLoop {
        let options = self.options(interface.tun.name)
        return try ClientLoop(
            options,
            interface: interface,
            signals: signals,
            reports: reports,
            logger: self.logger
        )
    }

    private func options(_ device: String) -> ClientLoop.Options {
        let settings = self.plan.settings
        return ClientLoop.Options(
            pop: self.plan.pop,
            local: settings.local,
            settings: SessionSettings(
                identity: self.plan.identity,
                encapsulation: self.encapsulation,
                beatInterval: .seconds(settings.beatInterval)
            ),
            mtu: settings.mtu,
            offloads: settings.offloads,
            device: device,
            hasDefaultRoute: settings.hasDefaultRoute,
            renewal: self.renewal
        )
    }

    /// Opens the socket where `status` asks; a tunnel without it carries packets all the same.
    private func reports() -> ReportSocket? {
        guard let path = self.plan.settings.statusPath else { return nil }
        do throws(SystemCallError) { return try ReportSocket(at: path) } catch {
            self.logger.notice(
                "`sixxs-client status` can't ask this client: \(error) (--status-socket names another path, or none)"
            )
            return nil
        }
    }

    /// Reads the password that a tunnel can't do without, and warns when others can read it too.
    private static func encapsulation(of plan: TunnelPlan, _ logger: Logger) throws -> TunnelProtocol {
        switch plan.type {
        case .ayiya: return .signed(by: try Self.password(of: plan, logger))
        case .heartbeat: return .heartbeat(password: try Self.password(of: plan, logger))
        case .sixInFour:
            if plan.settings.password != nil {
                logger.warning("a 6in4 tunnel has no password: the given one is ignored")
            }
            return .sixInFour
        }
    }

    private static func password(of plan: TunnelPlan, _ logger: Logger) throws -> TunnelPassword {
        guard let password = try plan.settings.password?.read(logger) else {
            throw StartError(description: "the tunnel's password is not set")
        }
        return password
    }

    private func checkPrivileges() throws {
        guard Privileges.has(.networkAdministration) else {
            throw StartError(
                description: "creating the TUN device \(self.plan.settings.tun) needs root or CAP_NET_ADMIN: "
                    + "run it as root (sudo), or by a service manager that gives the capability"
            )
        }
        guard !self.encapsulation.needsRawSockets || Privileges.has(.rawSockets) else {
            throw StartError(
                description: "sending protocol 41 needs root or CAP_NET_RAW: run it as root (sudo), "
                    + "or by a service manager that gives the capability"
            )
        }
    }

    /// Becomes the unprivileged user and keeps what it takes to repair the device and to move to another address.
    private func dropPrivileges() throws {
        let user = self.userToBecome
        try Privileges.drop(to: user, keeping: self.lastingCapabilities)
        Privileges.forbidDumps()
        if let user {
            self.logger.info("running as user \(user)")
        } else if Privileges.user == 0 {
            self.logger.warning(
                "keeps running as root, with few capabilities: there is no user nobody (choose another with --user)"
            )
        }
    }

    private var lastingCapabilities: [Privileges.Capability] {
        guard self.renewal != nil, Privileges.has(.rawSockets) else {
            return self.encapsulation.lastingCapabilities
        }
        return [.networkAdministration, .rawSockets]
    }

    /// Who is not root can't become somebody else, and need not.
    private var userToBecome: String? {
        guard self.plan.settings.user == nil, Privileges.user == 0 else { return self.plan.settings.user }
        return Self.unprivilegedUsers.first(where: Privileges.knows(user:))
    }

    private static let unprivilegedUsers = ["sixxs-client", "nobody"]
}

extension ClientSettings.PasswordSource {
    /// The password itself; warns when others can read it too.
    ///
    /// - Throws: ``StartError`` or ``PasswordError`` when there is none.
    func read(_ logger: Logger) throws -> TunnelPassword {
        switch self {
        case .here(let password): return password
        case .file(let path):
            let password = try StartError.reading("the password") { try Password(file: path) }
            if password.isExposed {
                logger.warning(
                    "password file \(path) can be read by other users of this host: chmod 600 \(path)"
                )
            }
            return password.value
        }
    }
}

extension TunnelProtocol {
    /// Whether packets leave through raw sockets, which are opened anew when the host's address changes.
    var needsRawSockets: Bool {
        if case .ayiya = self { return false }
        return true
    }

    /// What the program still needs once its device is there.
    var lastingCapabilities: [Privileges.Capability] {
        [.networkAdministration] + (self.needsRawSockets ? [.rawSockets] : [])
    }
}
