import ArgumentParser
import LinuxIO
import Logging
import Streams
import Wire

/// Why the program cannot start.
struct StartError: Error, CustomStringConvertible {
    /// One sentence for people.
    let description: String
}

extension TunnelOptions {
    /// A logger that writes lines to standard error.
    func makeLogger() -> Logger {
        LoggingSystem.bootstrap { LogStream.handler(label: $0) }
        var logger = Logger(label: "sixxs-client")
        logger.logLevel = self.logLevel
        return logger
    }

    /// Reads the password that a tunnel can't do without, and warns when others can read it too.
    func password(_ path: String, _ logger: Logger) throws -> TunnelPassword {
        Privileges.forbidDumps()
        let password = try Password(file: path)
        if password.isExposed {
            logger.warning("password file \(path) can be read by other users of this host: chmod 600 \(path)")
        }
        return password.value
    }

    /// Sets the tunnel up and carries packets until a signal comes.
    func run(_ encapsulation: TunnelProtocol, _ logger: Logger) throws {
        try self.checkPrivileges(for: encapsulation)
        let signals = try SignalDescriptor([.interrupt, .terminate])
        let settings = SessionSettings(
            identity: self.identity,
            encapsulation: encapsulation,
            beatInterval: .seconds(self.beatInterval)
        )
        let mtu = self.mtu ?? encapsulation.defaultMTU
        let interface = try TunnelInterface(
            name: self.tun,
            identity: self.identity,
            mtu: mtu,
            defaultRoute: self.noDefaultRoute ? .untouched : .throughTunnel,
            self.offloads
        )
        let route = self.noDefaultRoute ? "no default route" : "default route"
        logger.info("device \(interface.tun.name) is up: \(self.identity)/64, MTU \(mtu), \(route)")
        try self.dropPrivileges(encapsulation, logger)
        var loop = try ClientLoop(
            ClientLoop.Options(
                pop: self.pop,
                local: self.local,
                settings: settings,
                mtu: mtu,
                offloads: self.offloads
            ),
            interface: interface,
            signals: signals,
            logger: logger
        )
        try loop.run()
    }

    private func checkPrivileges(for encapsulation: TunnelProtocol) throws {
        guard Privileges.has(.networkAdministration) else {
            throw StartError(description: "creating a TUN device needs root or CAP_NET_ADMIN")
        }
        guard !encapsulation.needsRawSockets || Privileges.has(.rawSockets) else {
            throw StartError(description: "sending protocol 41 needs root or CAP_NET_RAW")
        }
    }

    /// Becomes the unprivileged user and keeps what it takes to repair the device and to move to another address.
    private func dropPrivileges(_ encapsulation: TunnelProtocol, _ logger: Logger) throws {
        let user = self.userToBecome
        try Privileges.drop(to: user, keeping: encapsulation.lastingCapabilities)
        Privileges.forbidDumps()
        if let user {
            logger.info("runs as user \(user) from now on")
        } else if Privileges.user == 0 {
            logger.warning("stays root, with few capabilities: there is no user nobody; --user names another")
        }
    }

    /// Who is not root can't become somebody else, and need not.
    private var userToBecome: String? {
        guard self.user == nil, Privileges.user == 0 else { return self.user }
        return Self.unprivilegedUsers.first(where: Privileges.knows(user:))
    }

    private static let unprivilegedUsers = ["sixxs-client", "nobody"]
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
