import Wire

extension ConfigurationController {
    /// A change of some tunnels and subnets, with the digests that whoever sent it counts on.
    struct Patch: Sendable {
        let patch: ConfigurationPatch
        /// SHA-256 of the canonical text that it was made for.
        let old: String
        /// SHA-256 of the canonical text that it leads to.
        let new: String
        /// Whether it may take many tunnels away.
        let isForced: Bool

        /// What it makes of the configuration that runs.
        ///
        /// - Throws: ``ConfigurationFailure`` when that is another one than it was made for, or becomes another.
        func stored(
            of running: RunningConfiguration
        ) throws(ConfigurationFailure) -> ConfigurationFile.Stored {
            guard running.digest == self.old else { throw .otherBase(running: running.digest) }
            let configuration = self.patch.applied(to: running.configuration)
            do throws(Configuration.Conflict) { try configuration.check() } catch { throw .conflict(error) }
            let stored = ConfigurationFile.Stored(
                configuration: configuration,
                generation: running.generation
            )
            let digest = Configuration.sha256(of: stored.text.utf8)
            guard digest == self.new else { throw .otherResult(digest) }
            return stored
        }
    }
}
