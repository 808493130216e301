import Core
import Foundation
import LinuxIO
import Logging
import Wire

/// A tunnel that is set up as a broker tells, again and again, until a signal comes.
struct LoginRun {
    /// Between two logins while the broker cannot be reached.
    private static let firstPause = Duration.seconds(2)
    private static let longestPause = Duration.seconds(60)

    private let settings: ClientSettings
    let account: TICAccount
    private let logger: Logger

    /// Finds out with what to log in; asks for the password if it is set nowhere.
    ///
    /// - Throws: ``StartError`` that says what is missing.
    init(_ settings: ClientSettings, at server: TICServerName, _ logger: Logger) throws {
        guard let user = settings.ticUser else {
            throw StartError(
                description:
                    "no user is set: give --tic-user HANDLE, or a line \"tic-user HANDLE\" in the file"
            )
        }
        self.settings = settings
        self.logger = logger
        self.account = TICAccount(
            server: server,
            user: user,
            secret: try settings.password?.read(logger) ?? Self.ask("Password of \(user): "),
            tunnel: settings.tunnel,
            tls: settings.ticTLS
        )
    }

    private static func ask(_ question: String) throws(StartError) -> TunnelPassword {
        guard let octets = SecretPrompt.ask(question) else {
            throw StartError(
                description: "no password is set, and there is no terminal to ask for it: "
                    + "give --password-file FILE, or a line \"password-file FILE\" in the file"
            )
        }
        let password = TunnelPassword(octets: octets)
        guard password.isConfigurable else {
            throw StartError(description: "that is no password: 1 to 132 octets without blanks")
        }
        return password
    }

    func run() throws {
        var answer = try self.firstAnswer()
        let (account, local) = (self.account, self.settings.local)
        let login = try BackgroundLogin {
            Result { () throws(LoginFailure) in try Self.logIn(account, from: local) }
        }
        var loop = try self.tunnel(answer, login).makeFirstLoop()
        while true {
            switch try loop.run() {
            case .stopped: return
            case .renewed(let next):
                answer = next
                let remains = loop.dismantle()
                self.logger.notice("\(answer.tunnel) was changed: it is set up anew")
                loop = try self.tunnel(answer, login).makeNextLoop(remains)
            }
        }
    }

    /// Logs in, and tries again while the broker cannot be reached.
    ///
    /// - Throws: ``StartError`` when another attempt would bring nothing else.
    private func firstAnswer() throws -> TICAnswer {
        var pause = Self.firstPause
        var last: LoginFailure?
        while true {
            do throws(LoginFailure) { return try Self.logIn(self.account, from: self.settings.local) } catch {
                guard error.kind == .unreachable else { throw StartError(description: error.description) }
                if error != last { self.logger.warning("cannot log in: \(error); trying again") }
                last = error
            }
            Thread.sleep(forTimeInterval: pause / .seconds(1))
            pause = min(pause * 2, Self.longestPause)
        }
    }

    /// Logs in once.
    ///
    /// - Returns: What the broker tells.
    /// - Throws: ``LoginFailure``.
    static func logIn(_ account: TICAccount, from local: IPAddress?) throws(LoginFailure) -> TICAnswer {
        var login = TICLogin(account, over: try TICConnection(to: account.server, from: local))
        return try login.run(at: WallClock.secondsSince1970())
    }

    private func tunnel(_ answer: TICAnswer, _ login: BackgroundLogin) throws -> TunnelRun {
        let local = self.settings.local
        let reachable = answer.popAddresses.first { address in
            local.map { $0.isOfSameFamily(as: address) } ?? true
                && PoPSocket.preferredAddress(toward: address, from: local) != nil
        }
        let pop = reachable ?? answer.popAddresses[0]
        self.logger.info("\(answer.tunnel) is \(answer.kind.rawValue) at \(answer.pop) (\(pop))")
        return try TunnelRun(
            try TunnelPlan(self.settings.told(answer, pop)),
            self.logger,
            renewal: LoginRenewal(login, of: answer, self.logger)
        )
    }
}

extension ClientSettings {
    /// These settings with what a broker told.
    ///
    /// - Parameters:
    ///   - answer: What it told.
    ///   - pop: The PoP's address that is used.
    /// - Returns: Settings that are enough for a tunnel.
    func told(_ answer: TICAnswer, _ pop: IPAddress) -> ClientSettings {
        var settings = self
        settings.type =
            switch answer.kind {
            case .ayiya: .ayiya
            case .heartbeat: .heartbeat
            case .sixInFour: .sixInFour
            }
        settings.pop = .address(pop)
        settings.identity = answer.identity
        settings.mtu = answer.mtu
        settings.password = answer.password.map { .here($0) }
        // More often is allowed, for a NAT that forgets sooner.
        settings.beatInterval = min(settings.beatInterval, answer.beatInterval)
        return settings
    }
}
