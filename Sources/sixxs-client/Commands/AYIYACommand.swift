import ArgumentParser
import Wire

/// `sixxs-client ayiya`.
struct AYIYACommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ayiya",
        abstract: "Signed UDP datagrams (port 5072); passes NATs."
    )

    @OptionGroup var options: TunnelOptions

    @Option(help: ArgumentHelp("File whose first line is the tunnel's password.", valueName: "file"))
    var passwordFile: String

    func run() throws {
        let logger = self.options.makeLogger()
        let password = try self.options.password(self.passwordFile, logger)
        try self.options.run(.ayiya(AYIYASecret(password: password)), logger)
    }
}
