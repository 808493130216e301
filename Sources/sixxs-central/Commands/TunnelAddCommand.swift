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
            Prints the tunnel's number first, then the command that its user runs at home. A heartbeat or ayiya tunnel without --password-file gets a random \
            password, which is shown once, here; later only by tunnel show --secret.

            Examples:
              sixxs-central tunnel add chtst01 --type ayiya --owner jdoe
              sixxs-central tunnel add chtst01 --type static --endpoint 198.51.100.7
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
    @Option(help: "The tunnel's owner.", transform: Parsers.handle) var owner: UserHandle?
    @Flag(help: "Add it disabled.") var disabled = false

    func validate() throws {
        let mismatch = TunnelEnd.mismatch(
            self.type,
            hasEndpoint: self.endpoint != nil,
            hasPassword: self.passwordFile != nil
        )
        switch mismatch {
        case .staticWithoutEndpoint:
            throw ValidationError("A static tunnel has a fixed endpoint: give it with --endpoint ADDRESS.")
        case .staticWithPassword:
            throw ValidationError("A static tunnel has no password: leave out --password-file.")
        case .endpoint(let type):
            throw ValidationError(
                "The endpoint of a tunnel of type \(type.rawValue) comes from its packets: leave out --endpoint."
            )
        case nil: return
        }
    }

    func run() async throws {
        let add = try AddTunnel(
            at: self.pop,
            type: self.type,
            endpoint: self.endpoint,
            password: self.passwordFile.map { .given(try Password(file: $0)) },
            mtu: self.mtu,
            tid: self.tid,
            isEnabled: !self.disabled,
            owner: self.owner
        )
        try self.show(try await add.run(in: try self.store.change()))
    }

    private func show(_ answer: AddTunnel.Answer) throws {
        let (document, shown) = (answer.tunnel, answer.newPassword?.text)
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
        if let command = document.clientCommand { StandardOutput.print("its user runs: \(command)") }
    }
}
