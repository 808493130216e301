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
              sixxs-central render chtst01 --secret > sixxsd.conf && sixxsd check sixxsd.conf
              sixxs-central render --into /var/backups/sixxs --secret
            """
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var pops: [PoPName] = []
    @Flag(help: "Show the passwords.") var secret = false
    @Option(help: "Write one file a PoP, such as chtst01.conf, into this folder.", completion: .directory)
    var into: String?

    func validate() throws {
        guard self.into != nil || self.pops.count == 1 else {
            throw ValidationError("Name one PoP, or say with --into where the files of many go.")
        }
    }

    func run() async throws {
        let scope = self.into == nil ? self.pops.first.map { FleetSnapshot.Scope.pop($0) } : nil
        let snapshot = try await self.store.read().snapshot(of: scope ?? .fleet)
        let renderer = ConfigurationRenderer(snapshot)
        let pops = try snapshot.selection(self.pops)
        for pop in pops {
            let text = try self.text(of: pop, renderer)
            if let into {
                try PrivateFile.write(text, to: "\(into)/\(pop.name).conf")
            } else {
                StandardOutput.printExactly(text)
            }
        }
        if let into { StandardOutput.print("\(pops.count) configurations written into \(into)") }
    }

    private func text(of pop: PoP, _ renderer: ConfigurationRenderer) throws -> String {
        let configuration = renderer.configuration(of: pop.id)
        do {
            try configuration.check()
        } catch {
            throw RegistryError.refused(
                "the registry holds what a daemon of \(pop.name) would refuse, \(error.subject): \(error)"
            )
        }
        return configuration.text(passwords: self.secret ? .plain : .hidden)
    }
}
