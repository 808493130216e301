internal import ArgumentParser
internal import Wire

/// `render`: the text that a push would send.
struct RenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Print the configuration that would be pushed to a PoP.",
        discussion: """
            Passwords are shown as the word set unless --secret is given; only then is the text what is pushed.

            Example:
              sixxs-central render chtst01 --secret > sixxsd.conf && sixxsd check sixxsd.conf
            """
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The PoP, such as chtst01.", transform: ArgumentText.popName) var pop: PoPName
    @Flag(help: "Show the passwords.") var secret = false

    func run() async throws {
        let snapshot = try await self.store.open().snapshot(of: .pop(self.pop))
        guard let pop = snapshot.pop(named: self.pop) else { return }
        let configuration = ConfigurationRenderer(snapshot).configuration(of: pop.id)
        do {
            try configuration.check()
        } catch {
            throw RegistryError.refused(
                "the registry holds what a daemon would refuse, \(error.subject): \(error)"
            )
        }
        print(configuration.text(passwords: self.secret ? .plain : .hidden), terminator: "")
    }
}
