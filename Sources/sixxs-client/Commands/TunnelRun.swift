import ArgumentParser
import LinuxIO
import Logging
import Wire

/// Why the program cannot start.
struct StartError: Error, CustomStringConvertible {
    /// One sentence for people.
    let description: String
}

extension TunnelOptions {
    /// A logger that writes lines to standard error.
    func makeLogger() -> Logger {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "sixxs-client")
        logger.logLevel = self.logLevel
        return logger
    }

    /// Reads the password that a tunnel can't do without, and warns when others can read it too.
    func password(_ path: String, _ logger: Logger) throws -> String {
        let password = try Password(file: path)
        if password.isExposed {
            logger.warning("password file \(path) can be read by other users of this host: chmod 600 \(path)")
        }
        return password.text
    }

    /// Sets the tunnel up and carries packets until a signal comes.
    func run(_ encapsulation: Encapsulation, _ logger: Logger) throws {
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

    private func checkPrivileges(for encapsulation: Encapsulation) throws {
        guard Privileges.has(.networkAdministration) else {
            throw StartError(description: "creating a TUN device needs root or CAP_NET_ADMIN")
        }
        if case .ayiya = encapsulation { return }
        guard Privileges.has(.rawSockets) else {
            throw StartError(description: "sending protocol 41 needs root or CAP_NET_RAW")
        }
    }
}
