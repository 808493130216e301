internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `render`: the text that a push would send.
struct RenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract:
            "Print the configuration that would be pushed to a PoP, or write those of many into a folder.",
        discussion: """
            In the place of passwords stands <hidden>, which no program takes for one, unless --secret is given; only \
            then is the text what is pushed. \
            With --into, PoPs that are not named are those that are enabled.

            Examples:
              sixxs-central render chtst01 --secret > sixxsd.conf
              sixxs-central render --into /var/backups/sixxs --secret
            """
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var pops: [PoPName] = []
    @Flag(help: "Show the passwords.") var secret = false
    @Option(help: "Write one file per PoP, such as chtst01.conf, into this folder.", completion: .directory)
    var into: String?

    func validate() throws {
        guard self.into != nil || self.pops.count == 1 else {
            throw ValidationError("Name one PoP, or a folder for several with --into.")
        }
    }

    func run() async throws {
        let answer = try await RenderConfigurations(of: self.pops).run(in: try self.store.look())
        for pop in answer.pops {
            let text = try answer.text(of: pop, passwords: self.secret ? .plain : .hidden)
            if let into {
                try PrivateFile.write(text, to: "\(into)/\(pop.name).conf")
            } else {
                StandardOutput.printExactly(text)
            }
        }
        if let into {
            StandardOutput.print("\(answer.pops.count.counted("configuration")) written into \(into)")
        }
    }
}
