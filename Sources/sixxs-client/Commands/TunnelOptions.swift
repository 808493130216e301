import ArgumentParser
import LinuxIO
import Logging
import Wire

/// The options that all tunnels have; each may stand in a configuration file too.
struct TunnelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file with a setting per line, key and value; options on the command line override it.",
            valueName: "file"
        ),
        completion: .file()
    )
    var config: String?

    @Option(help: ArgumentHelp("The PoP: an IPv4 or IPv6 address, or a name.", valueName: "host"))
    var pop: String?

    @Option(
        help: ArgumentHelp("Your end inside the tunnel, the address that ends in ::2.", valueName: "IPv6")
    )
    var identity: String?

    @Option(
        help: ArgumentHelp(
            "File whose first line is the tunnel's password; ayiya and heartbeat tunnels need it.",
            valueName: "file"
        ),
        completion: .file()
    )
    var passwordFile: String?

    @Option(help: ArgumentHelp("Name of the TUN device to create (default: sixxs0).", valueName: "device"))
    var tun: String?

    @Option(
        help: ArgumentHelp(
            "MTU of the tunnel as the PoP has it, 1280 to 1480 octets (default: 1280, that of PoPs too).",
            valueName: "octets"
        )
    )
    var mtu: String?

    @Option(help: ArgumentHelp("Seconds between beats, 1 to 3600 (default: 60).", valueName: "seconds"))
    var beatInterval: String?

    @Option(
        help: ArgumentHelp(
            "The outer address to send from (default: the one that the route suggests).",
            valueName: "address"
        )
    )
    var local: String?

    @Flag(help: "Leave the default IPv6 route alone.")
    var noDefaultRoute = false

    @Option(
        help:
            """
            User to run as after the device is created; only CAP_NET_ADMIN and CAP_NET_RAW are kept, which addresses, routes and \
            raw sockets need. For root the default is sixxs-client, or nobody where there is no such user.
            """
    )
    var user: String?

    @Option(
        help: ArgumentHelp(
            "Whether the kernel may pass many packets as one (GSO, GRO): auto or off (default: auto).",
            valueName: "auto|off"
        ),
        completion: .list(Offloads.allCases.map(\.rawValue))
    )
    var offloads: String?

    @Option(
        help: ArgumentHelp(
            "UNIX socket where `sixxs-client status` asks, or none (default: /run/sixxs-client/DEVICE.sock).",
            valueName: "path|none"
        ),
        completion: .file()
    )
    var statusSocket: String?

    @Option(
        help: ArgumentHelp(
            "What to log: trace, debug, info, notice, warning, error or critical (default: info).",
            valueName: "level"
        ),
        completion: .list(Logger.Level.allCases.map(\.rawValue))
    )
    var logLevel: String?

    func validate() throws {
        do throws(SettingFailure) {
            var settings = ClientSettings()
            try self.apply(to: &settings)
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Sets what the command line gives.
    private func apply(to settings: inout ClientSettings) throws(SettingFailure) {
        let given: [(SettingKey, String?)] = [
            (.pop, self.pop), (.identity, self.identity), (.passwordFile, self.passwordFile),
            (.tun, self.tun), (.mtu, self.mtu), (.beatInterval, self.beatInterval), (.local, self.local),
            (.user, self.user), (.offloads, self.offloads), (.statusSocket, self.statusSocket),
            (.logLevel, self.logLevel), (.defaultRoute, self.noDefaultRoute ? "no" : nil),
        ]
        for case (let key, let value?) in given {
            do throws(SettingFailure) { try settings.set(key, to: value) } catch {
                throw SettingFailure(description: "--\(key.rawValue): \(error)")
            }
        }
    }

    /// The settings of the file, if one is named, and over them those of the command line.
    ///
    /// - Throws: ``ClientConfiguration/Failure`` or ``StartError`` when the file can't be used.
    func settings() throws -> ClientSettings {
        var settings = ClientSettings()
        if let config {
            settings = try StartError.reading("the configuration") { try ClientConfiguration(file: config) }
                .settings
        }
        try self.apply(to: &settings)
        return settings
    }

    /// Refuses a command line that can't be enough; with a file, that is for the file to say.
    ///
    /// - Throws: `ValidationError` that names what is missing.
    func requireEnough(for type: ClientSettings.TunnelType?) throws {
        guard self.config == nil, let type else { return }
        var settings = ClientSettings()
        settings.type = type
        try self.apply(to: &settings)
        do throws(StartError) { _ = try TunnelPlan(settings) } catch {
            throw ValidationError(error.description)
        }
    }
}
