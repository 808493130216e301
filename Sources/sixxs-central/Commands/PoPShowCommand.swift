internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `pop show`.
struct PoPShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a PoP with its prefixes.",
        discussion: """
            --authorized-keys prints the line for the PoP's ~USER/.ssh/authorized_keys, which permits forwarding \
            to the control port and nothing else. The account needs no shell; it must be in the group of the daemon's \
            control socket, or be the daemon's own user: sixxsd asks the kernel whose a connection is.

            Example:
              sixxs-central pop show chtst01 --authorized-keys
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var name: PoPName
    @Flag(help: "Print the line for authorized_keys only.") var authorizedKeys = false

    func run() async throws {
        let answer = try await ShowPoP(self.name).run(in: try self.store.look())
        let pop = answer.pop
        if self.authorizedKeys {
            StandardOutput.print("\(try AuthorizedKey(for: pop).line)")
            let user = pop.ssh.user
            return StandardError.print(
                "On the PoP: this line goes into ~\(user)/.ssh/authorized_keys; \(user) must be in the group of the "
                    + "daemon's control socket (usermod -a -G sixxsd \(user)), unless it is the daemon's own user."
            )
        }
        let document = PoPDetailsDocument(answer)
        if self.output.json { return StandardOutput.print(try JSONText.pretty(document)) }
        StandardOutput.print(FieldList(Self.fields(document)).text)
    }

    private static func fields(_ document: PoPDetailsDocument) -> [(String, String)] {
        let pop = document.pop
        return [
            ("Name", pop.name), ("Id", "\(pop.id)"),
            ("Place", [pop.city, pop.country].filter { !$0.isEmpty }.joined(separator: ", ")),
            ("IPv4", pop.ipv4), ("IPv6", pop.ipv6), ("Enabled", pop.enabled ? "yes" : "no"),
            ("Canary", pop.canary ? "yes" : "no"), ("Visited", "every \(pop.pollInterval) s"),
            ("SSH", "\(pop.sshUser)@\(pop.sshHost) port \(pop.sshPort)"), ("SSH key", pop.sshKeyFile),
            ("Host key", pop.hostKeyFingerprint ?? "not trusted yet: sixxs-central pop trust \(pop.name)"),
            ("Control", pop.control), ("Tunnel MTU", "\(pop.tunnelMTU)"),
            ("Tunnel prefix", document.tunnelPrefix ?? "none"),
            (
                "Subnet prefixes",
                document.subnetPrefixes.isEmpty ? "none" : document.subnetPrefixes.joined(separator: ", ")
            ),
            ("Tunnels", "\(document.tunnels)"),
        ]
    }
}
