internal import ArgumentParser
internal import Central
internal import Wire

/// Which tunnels, or things of tunnels, a list shows.
struct FilterOptions: ParsableArguments {
    @Option(help: "Only of this PoP.", transform: Parsers.popName) var pop: PoPName?
    @Option(help: "Only of this user.", transform: Parsers.handle) var owner: UserHandle?
    @Option(help: "Only of this type: static, heartbeat or ayiya.", transform: Parsers.tunnelType)
    var type: TunnelType?
    @OptionGroup var enabled: EnabledOptions

    var filter: TunnelFilter {
        TunnelFilter(pop: self.pop, owner: self.owner, type: self.type, isEnabled: self.enabled.isEnabled)
    }
}

/// Whether a list shows what is enabled, or what is not.
struct EnabledOptions: ParsableArguments {
    @Flag(help: "Only those that are enabled.") var enabled = false
    @Flag(help: "Only those that are disabled, by the operators or by their user.") var disabled = false

    /// Nil for both.
    var isEnabled: Bool? { self.enabled == self.disabled ? nil : self.enabled }

    func validate() throws {
        guard !(self.enabled && self.disabled) else {
            throw ValidationError("Give --enabled or --disabled, not both; without either, all are shown.")
        }
    }
}
