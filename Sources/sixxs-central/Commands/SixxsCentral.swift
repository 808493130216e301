internal import ArgumentParser
internal import Wire

/// The root of all commands.
struct SixxsCentral: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sixxs-central",
        abstract: "The centre of a fleet of sixxsd tunnel brokers: registry, pushes, status.",
        discussion: """
            The registry is a SQLite database, named by --database or SIXXS_DATABASE. Exit status: 0 fine, \
            1 failed, 2 wrong arguments, or plan and inventory diff found changes; check has the monitoring plugins' 0 to 3.

            A first fleet:
              sixxs-central init
              sixxs-central inventory apply inventory
              sixxs-central pop trust chtst01
              sixxs-central tunnel add chtst01 --type ayiya
              sixxs-central push
              sixxs-central status
            """,
        version: "sixxs-central \(Release.version)",
        subcommands: [InitCommand.self, LiveCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Registry",
                subcommands: [
                    InventoryCommand.self, PoPCommand.self, PrefixCommand.self, UserCommand.self,
                    TunnelCommand.self,
                    SubnetCommand.self, ImportCommand.self, ExportCommand.self, VerifyCommand.self,
                    BackupCommand.self, ZonesCommand.self,
                ]
            ),
            CommandGroup(
                name: "Pushing",
                subcommands: [
                    RenderCommand.self, PlanCommand.self, PushCommand.self, RollbackCommand.self,
                    HoldCommand.self, UnholdCommand.self, ServeCommand.self,
                ]
            ),
            CommandGroup(
                name: "Watching",
                subcommands: [
                    StatusCommand.self, CheckCommand.self, AcknowledgeCommand.self, WhoseCommand.self,
                    TraceCommand.self, DoctorCommand.self,
                ]
            ),
            CommandGroup(
                name: "Past",
                subcommands: [
                    HistoryCommand.self, EventsCommand.self, LogCommand.self, AuditCommand.self,
                    StatsCommand.self, GraphCommand.self,
                ]
            ),
        ]
    )
}
