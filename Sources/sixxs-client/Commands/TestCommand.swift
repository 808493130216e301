import ArgumentParser
import Foundation
import LinuxIO
import Logging
import Streams
import Wire

/// `sixxs-client test`.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract:
            "Test a tunnel step by step, from its names to the PoP's answers; name the likely cause of the first failure.",
        discussion: """
            Takes the options of `up`, or the file of `up` and `run`, and changes nothing. What is sent through the \
            tunnel is measured by the client that runs: start it first, and run this as the same user.

              sixxs-client test --config /etc/sixxs-client.conf
              sixxs-client test --tic tic.example.net --tic-user jdoe --password-file /etc/sixxs.password

            Exit status: 0 all is well, 1 a step failed, 2 wrong arguments.
            """
    )

    @OptionGroup var login: LoginOptions
    @OptionGroup var options: TunnelOptions

    func validate() throws {
        guard self.options.config != nil || self.login.tic != nil else {
            throw ValidationError("give --config FILE, or --tic HOST and --tic-user HANDLE")
        }
    }

    func run() throws {
        Privileges.forbidDumps()
        var settings = try self.options.settings()
        try self.login.apply(to: &settings)
        var examination = Examination(settings)
        try examination.run()
    }
}

/// The steps of a test, in order; the first that fails ends it.
private struct Examination {
    /// An address of the internet, to see which way packets to it would go; nothing is sent there.
    private static let elsewhere = IPAddress.ipv6(IPv6Address(high: 0x2000_0000_0000_0000, low: 1))

    /// How often a client that has just begun is asked, twice a second.
    private static let mostLooks = 24

    private var settings: ClientSettings

    init(_ settings: ClientSettings) { self.settings = settings }

    mutating func run() throws {
        if let server = self.settings.tic { try self.logIn(at: server) }
        let plan = try TunnelPlan(self.settings)
        Self.tell("settings", "\(plan.type.rawValue), \(plan.identity), MTU \(plan.settings.mtu)")
        let pop = try self.lookUp(plan.pop, "the PoP")
        guard let local = PoPSocket.preferredAddress(toward: pop, from: self.settings.local) else {
            throw Self.failure(
                "route to the PoP",
                "this host has no route to \(pop)",
                "the network is down (ip route get \(pop))"
            )
        }
        Self.tell("route to the PoP", "\(pop) from \(local)")
        try self.ask(plan)
        try self.lookAtRoute(plan)
    }

    private mutating func logIn(at server: TICServerName) throws {
        _ = try self.lookUp(server.host, "the broker")
        let run = try LoginRun(self.settings, at: server, Logger(label: "sixxs-client"))
        let answer: TICAnswer
        do throws(LoginFailure) { answer = try LoginRun.logIn(run.account, from: self.settings.local) } catch
        {
            let cause =
                switch error.kind {
                case .unreachable:
                    "a firewall drops TCP \(server.port), or the broker's TIC service does not run"
                case .refused:
                    "the name or the password of the login (--tic-user, --password-file), which tunnel (--tunnel), or a tunnel that is disabled at the broker; the line above says which"
                case .nonsense: "\(server) is no TIC server, or a newer one than this client knows"
                }
            throw Self.failure("login", error.description, cause)
        }
        Self.tell("login", "\(answer.tunnel), \(answer.kind.rawValue) at \(answer.pop)")
        self.settings = self.settings.told(answer, answer.popAddresses[0])
    }

    /// An address of a host.
    private func lookUp(_ host: PoPHost, _ what: String) throws -> IPAddress {
        guard case .name(let name) = host else {
            guard case .address(let address) = host else { throw ExitCode.failure }
            return address
        }
        do throws(HostLookup.Failure) {
            let addresses = try HostLookup.addresses(of: name)
            if let address = addresses.first {
                Self.tell(
                    "name of \(what)",
                    "\(name) is \(addresses.map(\.description).joined(separator: ", "))"
                )
                return address
            }
        } catch {
            throw Self.failure(
                "name of \(what)",
                "\(name) was not found: \(error)",
                "a mistyped name, or this host's DNS does not work (getent hosts \(name))"
            )
        }
        throw Self.failure("name of \(what)", "\(name) has no address", "a mistyped name")
    }

    /// Asks the client that runs whether the PoP answers through the tunnel.
    private func ask(_ plan: TunnelPlan) throws {
        guard let path = self.settings.statusPath else {
            throw Self.failure(
                "client",
                "the settings have no status socket",
                "status-socket none: remove it"
            )
        }
        let report: ClientReport
        do throws(StartError) { report = try Self.report(at: path) } catch {
            throw Self.failure("client", error.description, "the client is not running: start it")
        }
        guard report.identity == "\(plan.identity)", report.type == plan.type.rawValue else {
            throw Self.failure(
                "client",
                "the client on \(report.device) has another tunnel (\(report.type), \(report.identity))",
                "it was started with other settings: restart it"
            )
        }
        Self.tell("client", "runs on \(report.device) since \(report.runningSeconds) s")
        guard report.state == .answering else {
            let state = report.state == .starting ? "has not answered yet" : "is silent"
            let cause =
                switch plan.type {
                case .ayiya: "a wrong password or clock, or a NAT or firewall that drops UDP 5072"
                case .heartbeat:
                    "a wrong password or clock, or a firewall or NAT that drops UDP 3740 or protocol 41"
                case .sixInFour:
                    "this host's public address is not the one that the PoP has, or a firewall drops protocol 41"
                }
            throw Self.failure(
                "ping through the tunnel",
                "the PoP \(state)",
                "\(cause); the client's log says more"
            )
        }
        let time = report.roundTripMicroseconds.map { "\(Double($0) / 1000) ms" } ?? "it answers"
        Self.tell("ping through the tunnel", "\(IPv6Address(high: plan.identity.high, low: 1)), \(time)")
    }

    /// What the client says of its tunnel, some seconds later if it has just begun.
    private static func report(at path: String) throws(StartError) -> ClientReport {
        for _ in 0..<Self.mostLooks {
            let report = try StatusCommand.report(at: path).report
            if report.state != .starting { return report }
            Thread.sleep(forTimeInterval: 0.5)
        }
        return try StatusCommand.report(at: path).report
    }

    /// Looks whether other packets would go through the tunnel, too.
    private func lookAtRoute(_ plan: TunnelPlan) throws {
        guard self.settings.hasDefaultRoute else {
            return Self.tell("default route", "left alone, as the settings say")
        }
        let source = PoPSocket.preferredAddress(toward: Self.elsewhere)
        guard case .ipv6(let address)? = source, address.high == plan.identity.high else {
            let found = source.map { "would leave from \($0)" } ?? "would go nowhere"
            throw Self.failure(
                "default route",
                "this host's IPv6 traffic \(found)",
                "another default route stands before the tunnel's (ip -6 route; all is well if it leads to the internet)"
            )
        }
        Self.tell("default route", "through the tunnel")
    }

    private static func tell(_ step: String, _ outcome: String) {
        StandardOutput.print("ok    \(step): \(outcome)")
    }

    /// Tells of a failure, and ends the program.
    private static func failure(_ step: String, _ what: String, _ cause: String) -> ExitCode {
        StandardOutput.print("FAIL  \(step): \(what)")
        StandardOutput.print("      likely cause: \(cause)")
        return .failure
    }
}
