internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `tunnel show`.
struct TunnelShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a tunnel; its password only with --secret.",
        discussion: """
            Examples:
              sixxs-central tunnel show T12
              sixxs-central tunnel show T12 --secret --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber
    @Flag(help: "Show the password.") var secret = false

    func run() async throws {
        let show = ShowTunnel(self.tunnel, showsPassword: self.secret)
        let document = try await show.run(in: try self.store.look())
        if self.output.json { return StandardOutput.print(try JSONText.pretty(document)) }
        StandardOutput.print(FieldList(Self.fields(document)).text)
    }

    private static func fields(_ tunnel: TunnelDocument) -> [(String, String)] {
        let subnets = tunnel.subnets ?? []
        return [
            ("Tunnel", tunnel.tunnel), ("PoP", tunnel.pop), ("TID", tunnel.tid), ("Type", tunnel.type),
            ("Endpoint", tunnel.endpoint ?? "from its packets"), ("PoP IPv4", tunnel.popIPv4 ?? "-"),
            ("PoP address", tunnel.popAddress ?? "-"), ("User address", tunnel.userAddress ?? "-"),
            ("MTU", "\(tunnel.mtu)"), ("Owner", tunnel.owner ?? "nobody"),
            ("Operators want", tunnel.enabled ? "up" : "disabled"),
            ("User wants", tunnel.enabledByUser ? "up" : "disabled"),
            ("Password", tunnel.password ?? (tunnel.passwordSet ? "set" : "none")),
            ("Old password", tunnel.oldPasswordUntil.map { "good until \($0)" } ?? "none"),
            ("Client", tunnel.clientCommand ?? "-"),
            ("Update key", tunnel.updateKeySet == true ? "set" : "none"),
            ("TIC secret", tunnel.ticSecretSet == true ? "set" : "none"),
            ("Name servers", tunnel.nameServers?.joined(separator: ", ") ?? "none"),
            ("Endpoint in DNS", tunnel.endpointPublished == true ? "yes" : "no"),
            ("Subnets", subnets.isEmpty ? "none" : subnets.joined(separator: ", ")),
            ("Created", tunnel.created), ("Changed", tunnel.changed),
        ]
    }
}
