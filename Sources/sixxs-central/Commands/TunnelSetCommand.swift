internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `tunnel set`.
struct TunnelSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract:
            "Change tunnels, all that are named or none; options that are not given leave them unchanged.",
        discussion: """
            A static tunnel that becomes heartbeat or ayiya gets a random password unless one is given: \
            tunnel show --secret prints it.

            With --keep-old the password that a new one replaces stays valid for a while, so that its user can change it
            when he has time. Both sign from the next push on; after the end only the new one does.

            A tunnel carries packets when both want it to: the operators (--enable, --disable) and its user \
            (--user-enable, --user-disable).

            Examples:
              sixxs-central tunnel set T12 --mtu 1428
              sixxs-central tunnel set T12 --type static --endpoint 198.51.100.7
              sixxs-central tunnel set T12 --owner jdoe --user-disable
              sixxs-central tunnel set T12 --new-password --keep-old 24h
              sixxs-central tunnel set T12 --name-server ns.example.net --publish-endpoint
              sixxs-central tunnel set T12 T13 T14 --mtu 1280
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var names: TunnelNames
    @Option(help: "static, heartbeat or ayiya.", transform: Parsers.tunnelType) var type: TunnelType?
    @Option(help: "The user's address; for static only.", transform: Parsers.tunnelEnd) var endpoint:
        IPAddress?
    @Option(help: "1280 to 1480.", transform: Parsers.mtu) var mtu: Int?
    @Option(help: "A file whose first line is the new password.") var passwordFile: String?
    @Flag(help: "Give it a new random password.") var newPassword = false
    @Option(
        help: ArgumentHelp(
            "How long the password that is replaced stays good too, up to 90 days: 30m, 24h, 7d (default: not at all).",
            valueName: "time"
        ),
        transform: OptionParsers.keepOld
    )
    var keepOld: TimeInterval?
    @Flag(help: "An old password that was kept is good no more.") var endOld = false
    @Option(
        help: """
            The new owner. The update key, the name servers and the leave to publish the endpoint were the owner's before \
            and end with it.
            """,
        transform: Parsers.handle
    )
    var owner: UserHandle?
    @Flag(help: "Remove the owner.") var noOwner = false
    @Option(
        help: ArgumentHelp(
            "Delegate the reverse DNS of its subnets to this name server of its user's; once for each, in the place of all before.",
            valueName: "name"
        ),
        transform: DomainName.nameServer
    )
    var nameServer: [DomainName] = []
    @Flag(help: "Delegate no reverse DNS.") var noNameServers = false
    @Flag(help: "Let the DNS tell where it ends (see sixxs-central help zones).") var publishEndpoint = false
    @Flag(help: "Let the DNS not tell where it ends.") var hideEndpoint = false
    @Flag(help: "The operators let it carry packets.") var enable = false
    @Flag(help: "The operators let it carry none.") var disable = false
    @Flag(help: "Its user lets it carry packets.") var userEnable = false
    @Flag(help: "Its user lets it carry none.") var userDisable = false

    func validate() throws {
        guard !(self.newPassword && self.passwordFile != nil) else {
            throw ValidationError("Give --password-file or --new-password, not both.")
        }
        guard self.keepOld == nil || self.newPassword || self.passwordFile != nil else {
            throw ValidationError("--keep-old goes with --new-password or --password-file.")
        }
        guard !(self.keepOld != nil && self.endOld) else {
            throw ValidationError("Give --keep-old or --end-old, not both.")
        }
        guard !(self.owner != nil && self.noOwner) else {
            throw ValidationError("Give --owner or --no-owner, not both.")
        }
        guard self.nameServer.isEmpty || !self.noNameServers else {
            throw ValidationError("Give --name-server or --no-name-servers, not both.")
        }
        guard self.nameServer.count <= DomainName.mostServers else {
            throw ValidationError("Give at most \(DomainName.mostServers) name servers.")
        }
        guard !(self.publishEndpoint && self.hideEndpoint) else {
            throw ValidationError("Give --publish-endpoint or --hide-endpoint, not both.")
        }
        guard !(self.enable && self.disable), !(self.userEnable && self.userDisable) else {
            throw ValidationError("Give --enable or --disable, not both; the same holds for --user-enable.")
        }
        guard !self.amendment.isEmpty || self.passwordFile != nil || self.newPassword || self.endOld
        else {
            throw ValidationError("Give something to change; see --help.")
        }
    }

    private var amendment: TunnelAmendment {
        TunnelAmendment(
            type: self.type,
            endpoint: self.endpoint,
            mtu: self.mtu,
            isEnabled: self.enable == self.disable ? nil : self.enable,
            isUserEnabled: self.userEnable == self.userDisable ? nil : self.userEnable,
            owner: self.noOwner ? .nobody : self.owner.map { .user($0) },
            nameServers: self.nameServer.isEmpty ? (self.noNameServers ? [] : nil) : self.nameServer.unique,
            publishesEndpoint: self.publishEndpoint == self.hideEndpoint ? nil : self.publishEndpoint
        )
    }

    func run() async throws {
        let names = try self.names.things()
        let password: PasswordChoice? =
            self.newPassword ? .random : try self.passwordFile.map { .given(try Password(file: $0)) }
        let end = self.keepOld.map { Date(timeIntervalSinceNow: $0) }
        let change = AmendTunnels(
            names.all,
            self.amendment,
            password: password,
            oldPassword: end.map { .kept(until: $0) } ?? (self.endOld ? .ended : nil)
        )
        let outcomes = try await change.run(in: try self.store.change())
        let hint: PrintedText? =
            outcomes.contains { $0.newPassword != nil }
            ? "\(names.words) changed; sixxs-central tunnel show NUMBER --secret shows a password" : nil
        guard !self.output.json else {
            let documents = outcomes.map { $0.document.with(password: $0.newPassword?.text) }
            // One tunnel that is named is an object, as ever.
            let isAlone = documents.count == 1 && self.names.tunnels != [.input]
            let text = try isAlone ? JSONText.pretty(documents[0]) : JSONText.pretty(documents)
            return StandardOutput.print(text, ifLost: hint)
        }
        StandardOutput.print(self.sentence(names, outcomes, oldUntil: end), ifLost: hint)
    }

    /// Who learns of the change, and when.
    private func consequence(for count: Int) -> PrintedText {
        let amendment = self.amendment
        if amendment.concernsPoP || self.newPassword || self.passwordFile != nil || self.endOld {
            return "; \(Sentences.learnt(by: count))"
        }
        let concernsZones = amendment.nameServers != nil || amendment.publishesEndpoint != nil
        return concernsZones ? "; the next run of sixxs-central zones writes it" : ""
    }

    /// What became of the tunnels, and the passwords that their users have to be told.
    private func sentence(
        _ names: NamedThings<TunnelNumber>,
        _ outcomes: [AmendTunnels.Outcome],
        oldUntil end: Date?
    ) -> PrintedText {
        guard !outcomes.isEmpty else { return "No tunnel was named." }
        guard outcomes.contains(where: \.isChanged) else {
            return "\(names.words) \(names.be) so already; nothing was changed"
        }
        let old: PrintedText = end.map { "; the old password is good until \($0.iso8601)" } ?? ""
        let isChanged = outcomes.map(\.isChanged)
        let changed = NamedThings(zip(names.all, isChanged).filter(\.1).map(\.0))
        let same = NamedThings(zip(names.all, isChanged).filter { !$0.1 }.map(\.0))
        let rest: PrintedText = same.all.isEmpty ? "" : "; \(same.words) \(same.be) so already"
        let done: PrintedText =
            "\(changed.words) changed\(self.consequence(for: changed.all.count))\(old)\(rest)"
        if outcomes.count == 1, let password = outcomes[0].newPassword {
            return "\(done); the new password: \(password.text)"
        }
        return outcomes.reduce(done) { text, outcome in
            outcome.newPassword.map { "\(text)\n\(outcome.document.tunnel) password: \($0.text)" } ?? text
        }
    }
}
