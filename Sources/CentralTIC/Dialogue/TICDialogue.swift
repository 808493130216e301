internal import Central
internal import Wire

/// What is said with one client: lines in, lines out.
///
/// No input and no output; the time is a parameter. What needs the registry is asked of the caller
/// (``Step/authenticate(_:)``), who gives the answer to ``finish(_:)``; until then no line may come.
struct TICDialogue: Sendable {
    /// What a server allows.
    struct Rules: Sendable {
        /// Whether secrets themselves may come without TLS.
        var allowsClear = false

        /// Whether TLS can begin.
        var offersTLS = false
    }

    /// What is to be done after a line.
    enum Step: Equatable {
        /// Lines to send.
        case reply([String])
        /// Lines to send, then the connection ends.
        case end([String])
        /// A secret is to be compared.
        case authenticate(TICClaim)
        /// A line to send, after which TLS begins.
        case startTLS(String)
    }

    /// What a connection may ask in all.
    static let mostCommands = 1000

    /// How often a connection may try a secret.
    static let mostFailures = 3

    private let rules: Rules
    private let makeChallenge: @Sendable () -> String
    private var username: String?
    private var challenge: (scheme: TICScheme, text: String)?
    private var access: ClientAccess?
    private var isEncrypted = false
    private var commands = 0
    private var failures = 0

    /// Begins a conversation.
    ///
    /// - Parameters:
    ///   - rules: What is allowed.
    ///   - makeChallenge: Makes a text that nobody can guess.
    init(_ rules: Rules, makeChallenge: @escaping @Sendable () -> String = Self.randomChallenge) {
        self.rules = rules
        self.makeChallenge = makeChallenge
    }

    /// Sixteen random octets in hexadecimal digits.
    static let randomChallenge: @Sendable () -> String = {
        [UInt8].random(count: 16).hexadecimalText
    }

    /// What is said first.
    static let banner = "200 sixxs-central \(Release.version) TIC service ready"

    /// Takes a line.
    ///
    /// - Parameters:
    ///   - line: Without its end.
    ///   - isAlone: Whether nothing has come behind it.
    ///   - time: Seconds since 1970.
    /// - Returns: What is to be done.
    mutating func receive(_ line: [UInt8], isAlone: Bool, at time: Int64) -> Step {
        self.commands += 1
        guard self.commands <= Self.mostCommands else { return .end(["500 Too many commands"]) }
        let command: TICCommand
        do throws(TICCommand.Fault) { command = try TICCommand(parsing: line) } catch {
            return .reply([error.reply])
        }
        switch command {
        case .client: return .reply(["200 Client Identity accepted"])
        case .getUnixTime: return .reply(["200 \(time)"])
        case .startTLS: return self.startTLS(isAlone: isAlone)
        case .username(let name): return self.choose(name)
        case .challenge(let scheme): return self.ask(scheme)
        case .authenticate(let scheme, let response): return self.authenticate(scheme, response)
        case .quit: return .end(["200 Goodbye"])
        case .tunnelList, .tunnelShow, .popList, .popShow:
            guard let access = self.access else { return .reply(["401 Log in first"]) }
            return .reply(access.answer(to: command))
        }
    }

    /// Takes what became of an attempt to log in.
    ///
    /// - Parameter access: What the client may know; nil when it showed no secret of the account.
    /// - Returns: What is to be done.
    mutating func finish(_ access: ClientAccess?) -> Step {
        self.access = access
        if access != nil { return .reply(["200 Successfully logged in"]) }
        self.failures += 1
        let line = "500 Wrong username or secret"
        return self.failures < Self.mostFailures ? .reply([line]) : .end([line])
    }

    /// Notes that TLS has begun: whatever was said before counts no more.
    mutating func encrypt() {
        self.isEncrypted = true
        (self.username, self.challenge, self.access) = (nil, nil, nil)
    }

    // MARK: - Commands

    private func startTLS(isAlone: Bool) -> Step {
        guard self.rules.offersTLS else { return .reply(["400 TLS is not offered here"]) }
        guard !self.isEncrypted else { return .reply(["400 TLS is used already"]) }
        // What waits behind came in the clear: it must never be taken for what comes encrypted.
        guard isAlone else { return .end(["400 Nothing may follow starttls before TLS has begun"]) }
        return .startTLS("200 Begin TLS now")
    }

    private mutating func choose(_ name: String) -> Step {
        guard self.access == nil else { return .reply(["400 Logged in already"]) }
        self.username = name
        self.challenge = nil
        return .reply(["200 Choose a challenge"])
    }

    private mutating func ask(_ scheme: TICScheme) -> Step {
        guard self.access == nil else { return .reply(["400 Logged in already"]) }
        guard self.username != nil else { return .reply(["400 Give a username first"]) }
        if scheme == .clear {
            guard self.isEncrypted || self.rules.allowsClear else {
                return .reply(["400 Secrets in the clear are not accepted without TLS: use md5 or sha256"])
            }
            self.challenge = (.clear, "")
            return .reply(["200 Send the secret"])
        }
        let text = self.makeChallenge()
        self.challenge = (scheme, text)
        return .reply(["200 \(text)"])
    }

    private mutating func authenticate(_ scheme: TICScheme, _ response: String) -> Step {
        guard self.access == nil else { return .reply(["400 Logged in already"]) }
        guard let name = self.username, let challenge = self.challenge, challenge.scheme == scheme else {
            return .reply(["400 Ask for a challenge \(scheme.rawValue) first"])
        }
        // Good for one answer, whatever it is.
        self.challenge = nil
        return .authenticate(
            TICClaim(
                username: name,
                proof: LoginProof(scheme, challenge: challenge.text, response: response)
            )
        )
    }
}

/// Whom a client says that it is, and how it shows that.
struct TICClaim: Hashable, Sendable {
    /// As it came: which may be no name that anybody can have.
    let username: String
    let proof: LoginProof

    /// Nil where nobody can have the name.
    var account: ClientAccount? { try? ClientAccount(parsing: self.username) }
}

extension TICCommand.Fault {
    /// What a client is told.
    fileprivate var reply: String {
        switch self {
        case .notText: "400 Commands are printable text in UTF-8"
        case .unknown: "400 Unknown command"
        case .usage(let usage): "400 Expected: \(usage)"
        }
    }
}
