internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `tunnel`: the users' tunnels.
struct TunnelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tunnel",
        abstract: "The users' tunnels.",
        subcommands: [
            TunnelAddCommand.self, TunnelSetCommand.self, TunnelEnableCommand.self, TunnelDisableCommand.self,
            TunnelMoveCommand.self, TunnelShowCommand.self, TunnelInspectCommand.self, TunnelListCommand.self,
            TunnelUpdateKeyCommand.self, TunnelEndpointsCommand.self, TunnelTICSecretCommand.self,
            TunnelConfigCommand.self,
            TunnelRemoveCommand.self,
        ]
    )
}
