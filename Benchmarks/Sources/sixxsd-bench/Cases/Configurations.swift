internal import Core
internal import Wire

/// What it costs to load a configuration with all tunnels and 256 subnets, step by step.
final class Configurations {
    private let configuration: Configuration
    /// The same, one tunnel in ten with another MTU.
    private let changed: Configuration
    private let changes: [ConfigurationChange<TunnelSettings>]
    private let text: String
    private let prepared: EngineConfiguration
    private let empty: EngineConfiguration
    private var engine: Engine

    /// Makes the configuration with tunnels of one kind.
    init(_ kind: Fleet.Kind = .ayiya) {
        var configuration = Fleet.configuration(kind, tunnels: TID.capacity)
        // The fleet's own has limits that no configuration file can have.
        configuration.pop.icmpRate = ICMPRate()
        self.configuration = configuration
        for index in configuration.tunnels.indices where index % 10 == 0 {
            configuration.tunnels[index].mtu = 1280
        }
        self.changed = configuration
        self.changes = configuration.tunnelChanges(from: self.configuration)
        self.text = self.configuration.canonicalText
        self.prepared = EngineConfiguration(self.configuration)
        self.empty = EngineConfiguration(Configuration())
        self.engine = Engine(self.prepared, seed: 5072, at: Fleet.now)
    }

    /// Steps off the data path, as a push takes them.
    var preparation: [Case] {
        [
            Case("Configuration.sha256(of:)", operations: 1) {
                keep(Configuration.sha256(of: self.text.utf8))
            },
            self.parsing,
            Case("Configuration.tunnelChanges(from:)", operations: 1) {
                precondition(self.changed.tunnelChanges(from: self.configuration).count == self.changes.count)
            },
            self.writing,
            Case("EngineConfiguration.init(_:replacing:_:)", operations: 1) {
                keep(EngineConfiguration(self.changed, replacing: self.prepared, self.changes))
            },
            Case("Configuration.difference(from:_:)", operations: 1) {
                let difference = self.changed.difference(from: self.configuration, self.changes)
                precondition(difference.tunnels.changed == self.changes.count)
            },
        ]
    }

    /// Reading the text.
    var parsing: Case {
        Case("Configuration.init(parsing:), \(self.text.utf8.count / 1024) KiB", operations: 1) {
            let parsed = try? Configuration(parsing: self.text, file: "sixxsd.conf")
            precondition(parsed?.tunnels.count == TID.capacity)
        }
    }

    /// Writing the text.
    var writing: Case {
        Case("Configuration.canonicalText", operations: 1) { keep(self.configuration.canonicalText) }
    }

    /// Steps that the worker does between two packets.
    var application: [Case] {
        [
            Case("Engine.apply, unchanged", operations: 1) { self.apply(self.prepared) },
            Case("Engine.apply, all tunnels away and back", operations: 2) {
                self.apply(self.empty)
                self.apply(self.prepared)
            },
        ]
    }

    private func apply(_ configuration: EngineConfiguration) {
        _ = self.engine.apply(configuration, at: Fleet.now)
    }
}
