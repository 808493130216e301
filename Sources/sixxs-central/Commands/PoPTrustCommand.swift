internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `pop trust`.
struct PoPTrustCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust",
        abstract: "Fetch a PoP's SSH host key, show its fingerprint, and trust it from then on.",
        discussion: """
            Compare the fingerprint with what the PoP's own console says: \
            ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub

            Examples:
              sixxs-central pop trust chtst01
              sixxs-central pop trust chtst01 \\
                --fingerprint SHA256:uNiVztksCsDhcc0u9e8BrCI4bKZ6Gm1r4LFrTL5jJvE
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var name: PoPName
    @Option(help: "Trust the key only when it has this fingerprint; does not ask.") var fingerprint: String?

    func run() async throws {
        let centre = try self.store.change()
        let trust = TrustHostKey(of: self.name)
        let offer = try await trust.offer(in: centre, from: SSHConnector())
        let key = offer.shown
        let shown: PrintedText = "\(self.name) shows \(key.type) \(key.fingerprint)"
        if self.output.json { Terminal.complain(shown) } else { StandardOutput.print(shown) }
        let isKnown = offer.trusted == key
        if !isKnown {
            try self.approve(offer)
            try await trust.trust(offer, in: centre)
        }
        try self.output.show(
            PoPDocument(try await ShowPoP(self.name).run(in: centre).pop),
            orSay: isKnown
                ? "This key is already trusted." : "\(self.name) is trusted with that key"
        )
    }

    private func approve(_ offer: TrustHostKey.Offer) throws {
        if let fingerprint = self.fingerprint { return try offer.judge(.fingerprint(fingerprint)) }
        try offer.judge(self.consent.yes ? .blind : Terminal.isInteractive ? .asking : .nobody)
        if let old = offer.trusted {
            Terminal.complain(
                "WARNING: \(self.name) is trusted with another key, \(old.type) \(old.fingerprint)"
            )
        }
        try self.consent.demand("Is that what the console of \(self.name) says?")
    }
}
