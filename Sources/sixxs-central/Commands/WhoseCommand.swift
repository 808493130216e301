internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `whose`: who is behind an address.
struct WhoseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whose",
        abstract: "Show whose an address or a prefix is, now or at a time of the past.",
        discussion: """
            Finds addresses inside tunnels, in delegated prefixes, and outside, where tunnels end; and PoPs' own. What \
            the registry held at a time comes from its audit, which has everything since the registry was made. Where \
            the tunnels of users who move ended is what their PoPs reported in each round, for half a year.

            The owner's name and mail are those of today, where it is still the same user.

            Exit status: 0 it has an owner, 1 it has none or is not known.

            Examples:
              sixxs-central whose 2001:db8:101:5::2
              sixxs-central whose 198.51.100.7 --at 2026-11-24T22:56:28Z
              sixxs-central whose 2001:db8:3000::/44 --at 3d --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "An IPv4 or IPv6 address, or an IPv6 prefix.", transform: AddressQuery.init(parsing:))
    var address: AddressQuery
    @Option(
        help: "When: 2h or 3d ago, 2026-11-24, 2026-11-24T22:56:28Z; default: now.",
        transform: OptionParsers.since
    )
    var at: Date?

    func run() async throws {
        let answer = try await FindOwner(of: self.address, at: self.at).run(in: try self.store.look())
        let document = OwnerDocument(answer, of: self.address)
        if self.output.json {
            StandardOutput.print(try JSONText.pretty(document))
        } else if document.isSomebodys {
            StandardOutput.print(document.text)
        }
        guard !document.isSomebodys else { return }
        if !self.output.json { Terminal.complain(document.nobody) }
        throw ExitCode.failure
    }
}
