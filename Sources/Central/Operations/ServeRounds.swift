package import Logging
package import ServiceLifecycle

/// Pushes to all PoPs at once, and then at every multiple of an interval.
package struct ServeRounds: Sendable {
    /// In seconds.
    package let interval: Int

    /// After how long another service takes over from this one when it was killed, in seconds.
    package let leaseSeconds: Int

    package init(interval: Int, leaseSeconds: Int) {
        self.interval = interval
        self.leaseSeconds = leaseSeconds
    }

    /// What makes the rounds until the program is asked to end.
    package func service(in centre: Centre, logger: Logger) -> some Service {
        let round = Round(
            store: centre.store,
            connector: centre.connector,
            author: centre.author,
            reason: "round",
            interval: self.interval,
            logger: logger
        )
        return RoundService(
            round: round,
            schedule: RoundSchedule(interval: self.interval),
            leaseSeconds: self.leaseSeconds,
            logger: logger
        )
    }
}
