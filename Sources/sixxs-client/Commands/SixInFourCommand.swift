import ArgumentParser
import Logging

/// `sixxs-client 6in4`.
struct SixInFourCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "6in4",
        abstract: "Protocol 41 from a public address that does not change."
    )

    @OptionGroup var options: TunnelOptions

    @Option(help: ArgumentHelp("Not needed: this kind of tunnel has no password.", valueName: "file"))
    var passwordFile: String?

    func run() throws {
        let logger = self.options.makeLogger()
        if self.passwordFile != nil {
            logger.warning("a 6in4 tunnel has no password: --password-file is ignored")
        }
        try self.options.run(.sixInFour, logger)
    }
}
