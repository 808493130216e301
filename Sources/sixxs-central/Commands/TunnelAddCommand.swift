internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `tunnel add`.
struct TunnelAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a tunnel.",
        discussion: """
            Prints the tunnel's number first. A heartbeat or ayiya tunnel without --password-file gets a random \
            password, which is shown once, here; later only by tunnel show --secret.

            Examples:
              sixxs-central tunnel add chtst01 --type ayiya --owner jdoe
              sixxs-central tunnel add chtst01 --type static --endpoint 198.51.100.7 --mtu 1480
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var pop: PoPName
    @Option(help: "static, heartbeat or ayiya.", transform: Parsers.tunnelType) var type: TunnelType
    @Option(help: "The user's address; for static only.", transform: Parsers.tunnelEnd) var endpoint:
        IPAddress?
    @Option(help: "1280 to 1480; default: the PoP's.", transform: Parsers.mtu) var mtu: Int?
    @Option(help: "A file whose first line is the password.") var passwordFile: String?
    @Option(
        help: "The place in the tunnel prefix, hexadecimal; default: the lowest free.",
        transform: Parsers.tid
    )
    var tid: TID?
    @Option(help: "The user whose it is.", transform: Parsers.handle) var owner: UserHandle?
    @Flag(help: "Add it, without packets yet.") var disabled = false

    func validate() throws {
        guard (self.type == .static) == (self.endpoint != nil) else {
            throw ValidationError(
                self.type == .static
                    ? "A static tunnel has a fixed endpoint: say it with --endpoint ADDRESS."
                    : "The endpoint of a tunnel of type \(self.type.rawValue) comes from its packets: leave out --endpoint."
            )
        }
        guard self.type != .static || self.passwordFile == nil else {
            throw ValidationError("A static tunnel has no password: leave out --password-file.")
        }
    }

    func run() async throws {
        let end = try self.end()
        let store = try self.store.open()
        let new = NewTunnel(
            pop: self.pop,
            end: end,
            mtu: self.mtu,
            tid: self.tid,
            isEnabled: !self.disabled,
            owner: self.owner
        )
        let results = try await store.apply([.addTunnel(new)], by: Operator.name)
        guard case .tunnel(let tunnel) = results.first else { return }
        let documents = try await store.snapshot(of: .tunnel(tunnel.number)).tunnelDocuments()
        for document in documents { try self.show(document, end.password) }
    }

    private func end() throws -> TunnelEnd {
        if let endpoint = self.endpoint { return .fixed(endpoint) }
        let password = try self.passwordFile.map { try Password(file: $0) } ?? .random()
        return self.type == .ayiya ? .ayiya(password) : .heartbeat(password)
    }

    private func show(_ document: TunnelDocument, _ password: Password?) throws {
        // A password that the operator brought is known to him already.
        let shown = self.passwordFile == nil ? password?.text : nil
        let hint: PrintedText? = shown.map { _ in
            "\(document.tunnel) was added; sixxs-central tunnel show \(document.tunnel) --secret shows its password"
        }
        if self.output.json {
            let document = document.with(password: shown)
            return StandardOutput.print(try JSONText.pretty(document), ifLost: hint)
        }
        let parts = [
            document.tunnel, document.pop, "tid \(document.tid)", document.type, document.userAddress ?? "",
            "mtu \(document.mtu)", shown.map { "password \($0)" } ?? "",
        ]
        StandardOutput.print("\(parts.filter { !$0.isEmpty }.joined(separator: " "))", ifLost: hint)
    }
}
