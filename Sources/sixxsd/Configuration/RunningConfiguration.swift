import Foundation
import Wire

/// What runs, and where it comes from.
struct RunningConfiguration: Sendable {
    var configuration: Configuration
    /// The centre's number; 0 when it came from a file only.
    var generation: Int
    var digest: String
    var appliedAt: Date

    init(_ stored: ConfigurationFile.Stored) {
        self.configuration = stored.configuration
        self.generation = stored.generation
        self.digest = Configuration.sha256(of: stored.text.utf8)
        self.appliedAt = Date()
    }

    /// The same as a file has it.
    var stored: ConfigurationFile.Stored {
        ConfigurationFile.Stored(configuration: self.configuration, generation: self.generation)
    }
}
