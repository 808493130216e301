package import Foundation
internal import Wire

/// What is known of a PoP from before.
package struct PoPHistory: Hashable, Sendable {
    package var pushes: PushHistory?
    package var sample: PoPSample?
    package var breaker: CircuitBreaker?
    package var hold: Hold?

    /// The newest, which may be over.
    package var acknowledgement: Acknowledgement?

    /// What it was called before; its daemon may go on under such a name until it is pushed to.
    package var formerNames: Set<String> = []

    /// What it may run besides the generation that it confirmed last, since endpoints were changed there between rounds.
    var patchedDigests: Set<String> = []

    /// Whether a configuration is what the daemon confirmed last, or that with endpoints that were changed since.
    func isAsConfirmed(_ digest: String) -> Bool {
        digest == self.pushes?.confirmedDigest || self.patchedDigests.contains(digest)
    }

    /// The number of the newest generation that a daemon confirmed.
    package var confirmedGeneration: Int?

    /// The newest generation, confirmed or not.
    package var latestGeneration: Int?
    var latestDigest: String?

    /// Whether the registry still says what the newest generation says, as far as its list of changes shows.
    var isUpToDate = false

    /// When the daemon last ran something that the centre had not given it.
    package var lastDrift: Date?

    /// How many tunnels the newest generation, and the one that was confirmed last, can have at most.
    var generationCapacity = 0

    package init(
        pushes: PushHistory? = nil,
        sample: PoPSample? = nil,
        breaker: CircuitBreaker? = nil,
        hold: Hold? = nil,
        confirmedGeneration: Int? = nil,
        latestGeneration: Int? = nil,
        latestDigest: String? = nil,
        isUpToDate: Bool = false,
        lastDrift: Date? = nil,
        generationCapacity: Int = 0
    ) {
        self.pushes = pushes
        self.sample = sample
        self.breaker = breaker
        self.hold = hold
        self.confirmedGeneration = confirmedGeneration
        self.latestGeneration = latestGeneration
        self.latestDigest = latestDigest
        self.isUpToDate = isUpToDate
        self.lastDrift = lastDrift
        self.generationCapacity = generationCapacity
    }

    /// How many errors a second its daemon counted since it started; 0 when nobody knows.
    var errorRate: Double {
        guard let errors = self.sample?.errors, let uptime = self.sample?.uptime, uptime > 0 else { return 0 }
        return Double(errors.value) / Double(uptime)
    }
}
