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
              sixxs-central pop trust chtst01 --fingerprint SHA256:uNiVztksCsDhcc0u9e8BrCI4bKZ6Gm1r4LFrTL5jJvE
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var name: PoPName
    @Option(help: "Trust the key only when it has this fingerprint; does not ask.") var fingerprint: String?

    func run() async throws {
        let store = try self.store.open()
        guard let pop = try await store.snapshot(of: .pop(self.name)).pop(named: self.name) else { return }
        let key: HostKey
        do {
            key = try await SSHConnector().hostKey(of: pop)
        } catch {
            throw RegistryError.unusable("\(self.name): \(error.message(for: self.name))")
        }
        StandardOutput.print("\(self.name) shows \(key.type) \(key.fingerprint)")
        if pop.hostKey == key { return StandardOutput.print("It is the key that is trusted already.") }
        try self.approve(key, instead: pop.hostKey)
        try await store.apply([.amendPoP(self.name, PoPAmendment(hostKey: key))], by: Operator.name)
        StandardOutput.print("\(self.name) is trusted with that key")
    }

    private func approve(_ key: HostKey, instead old: HostKey?) throws {
        if let fingerprint = self.fingerprint {
            guard fingerprint == key.fingerprint else {
                throw RegistryError.refused(
                    "the key of \(self.name) is not trusted: expected \(fingerprint), it has \(key.fingerprint)"
                )
            }
            return
        }
        if let old, self.consent.yes {
            throw RegistryError.refused(
                "\(self.name) is trusted with another key, \(old.fingerprint), and shows \(key.fingerprint): somebody may be in "
                    + "between. Read the fingerprint on its console, and say --fingerprint"
            )
        }
        if let old {
            guard Terminal.isInteractive else {
                throw RegistryError.refused(
                    "\(self.name) is trusted with another key, \(old.fingerprint), and shows \(key.fingerprint): read the "
                        + "fingerprint on its console, and say --fingerprint"
                )
            }
            Terminal.complain(
                "WARNING: \(self.name) is trusted with another key, \(old.type) \(old.fingerprint)"
            )
        }
        try self.consent.demand("Is that what the console of \(self.name) says?")
    }
}
