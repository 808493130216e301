package import Wire

/// Why the centre and a PoP's daemon did not come to speak, or stopped.
///
/// Exhaustive on purpose: monitoring, events and the operator's message each treat every case.
package enum ConnectionFailure: Error, Hashable, Sendable {
    /// The SSH host's name has no address.
    case hostNotFound(host: String, reason: String)

    /// Nothing accepts TCP connections there: refused, no route.
    case unreachable(address: String, reason: String)

    /// A step was not done by its deadline.
    case timedOut(ConnectionStep, after: Duration)

    /// SSH could not agree on anything, or spoke something else.
    case handshake(reason: String)

    /// No host key has been trusted.
    case hostKeyUnknown

    /// The server showed another key than the trusted one; its fingerprint when it could be had.
    case hostKeyChanged(trusted: String, shown: String?)

    /// The private key cannot be used.
    case keyUnreadable(path: String, reason: String)

    /// The server does not let that user in with that key.
    case keyRefused(user: String, path: String)

    /// The server takes the key, and wants something more besides; what, as RFC 4252 calls it.
    case moreWanted(user: String, path: String, methods: [String])

    /// The server lets us in, but does not forward to the control address.
    case forwardingNotPermitted(Endpoint)

    /// Nothing listens on the control address of the PoP.
    case daemonNotListening(Endpoint)

    /// The connection ended before its time.
    case connectionLost(ConnectionStep, reason: String)

    /// What came back is not what a daemon says.
    case nonsense(ConnectionStep, reason: String)

    /// The daemon says that it is another PoP's, whatever else it says; which, in words of ours.
    case impostor(String)

    /// The daemon understood and refused.
    case refused(ConnectionStep, reply: String)

    /// The operator, or the end of the program, stopped it.
    case cancelled

    /// The system refused a resource that every connection needs.
    case system(call: String, reason: String)
}

extension ConnectionFailure {
    /// How long a message may be, in octets: part of it is what a server says, and it is kept for weeks.
    private static let longestMessage = 800

    /// What happened and what to do about it, in one line.
    package func message(for pop: PoPName) -> String {
        self.words(for: pop).shortened(to: Self.longestMessage)
    }

    private func words(for pop: PoPName) -> String {
        switch self {
        case .hostNotFound(let host, let reason):
            "the name \(host) was not found (\(reason)): correct it with sixxs-central pop set \(pop) --ssh-host NAME, "
                + "or this host's DNS (getent hosts \(host))"
        case .unreachable(let address, let reason):
            "cannot connect to \(address): \(reason); is the host up, and sshd listening there?"
        case .timedOut(let step, let limit):
            "\(step) timed out after \(limit.inSeconds): \(Self.question(after: step))"
        case .handshake(let reason):
            "SSH could not be set up: \(reason); ssh -v from this host shows each step"
        case .hostKeyUnknown:
            "no host key is trusted yet: compare and store it with sixxs-central pop trust \(pop)"
        case .hostKeyChanged(let trusted, let shown):
            Self.alarm(pop, trusted, shown)
        case .keyUnreadable(let path, let reason):
            "cannot use the private key \(path): \(reason); sixxs-central doctor \(pop) says how to fix it"
        case .keyRefused(let user, let path):
            "the server refuses the key \(path) for user \(user): put the line that "
                + "sixxs-central pop show \(pop) --authorized-keys prints into that user's authorized_keys"
        case .moreWanted(let user, let path, let methods):
            Self.moreWanted(user, path, methods)
        case .forwardingNotPermitted(let control):
            "the server does not permit forwarding to \(control): check permitopen in authorized_keys "
                + "(sixxs-central pop show \(pop) --authorized-keys) and AllowTcpForwarding in sshd_config"
        case .daemonNotListening(let control):
            "nothing listens on \(control) of the PoP: is sixxsd running, with --control \(control)?"
        case .connectionLost(let step, let reason):
            "the connection was lost during the \(step): \(reason); the logs of sshd and sixxsd on the PoP say more"
        case .nonsense(let step, let reason):
            "the \(step) makes no sense: \(reason); is it sixxsd that listens there?"
        case .impostor(let other):
            "the daemon says that it is \(other): its report is not believed; does another daemon listen there?"
        case .refused(let step, let reply):
            "the daemon refused the \(step.request): \(reply)"
        case .cancelled: "stopped before it was done"
        case .system(let call, let reason):
            "\(call) failed: \(reason); is this host, the centre's, out of memory, processes or descriptors?"
        }
    }

    private static func moreWanted(_ user: String, _ path: String, _ methods: [String]) -> String {
        "the server takes the key \(path) for user \(user), and also requires another login method"
            + (methods.isEmpty ? "" : " (\(methods.joined(separator: ", ")))")
            + ": set AuthenticationMethods publickey for that user in sshd_config"
    }

    private static func alarm(_ pop: PoPName, _ trusted: String, _ shown: String?) -> String {
        let mend =
            "if the host was reinstalled, read the fingerprint on its console and run sixxs-central pop trust \(pop)"
        guard let shown else {
            return
                "THE HOST KEY HAS CHANGED: trusted is \(trusted), and the server has no key of that type any more; "
                + "nothing was sent. Somebody may be intercepting the connection; " + mend
        }
        return
            "THE HOST KEY HAS CHANGED: trusted is \(trusted), the server showed \(shown); nothing was sent. "
            + "Somebody may be intercepting the connection; \(mend) --fingerprint FINGERPRINT with what stands there"
    }

    /// What to look at when a step takes too long.
    private static func question(after step: ConnectionStep) -> String {
        switch step {
        case .lookup: "does this host's DNS work (getent hosts NAME)?"
        case .connect: "is the host up? Does a firewall block the connection?"
        case .keyExchange: "is it sshd that listens there, and is its host overloaded?"
        case .authentication: "what does sshd's log on the PoP say (journalctl -u ssh)?"
        case .channel: "is the PoP overloaded? sshd's log there says more (journalctl -u ssh)"
        case .greeting, .request:
            "is sixxsd or the connection to it hanging? On the PoP: systemctl status sixxsd"
        }
    }
}

extension ConnectionFailure {
    /// Whether another attempt, a moment later, may go better.
    var mayPass: Bool {
        switch self {
        case .unreachable, .timedOut, .connectionLost, .daemonNotListening, .hostNotFound, .handshake,
            .system:
            true
        case .hostKeyUnknown, .hostKeyChanged, .keyUnreadable, .keyRefused, .moreWanted,
            .forwardingNotPermitted,
            .nonsense, .impostor,
            .refused, .cancelled:
            false
        }
    }

    /// Whether it was the daemon itself that answered, with a refusal.
    var isFromDaemon: Bool {
        if case .refused = self { true } else { false }
    }
}
