package import Logging
package import ServiceLifecycle

/// Pushes to all PoPs at once, and then at every multiple of an interval.
package struct ServeRounds: Sendable {
    /// Whole seconds.
    package let interval: Duration

    /// After how long another service takes over from this one when it was killed.
    package let leaseDuration: Duration

    /// What the rounds did so far.
    package let figures = RoundFigures()

    /// What is told of events; nil when nobody is.
    package let eventProgram: HookProgram?

    package init(interval: Duration, leaseDuration: Duration, eventProgram: HookProgram? = nil) {
        self.interval = interval
        self.leaseDuration = leaseDuration
        self.eventProgram = eventProgram
    }

    /// What makes the rounds until the program is asked to end.
    package func service(in centre: Centre, logger: Logger) -> some Service {
        var round = Round(
            store: centre.store,
            connector: centre.connector,
            author: centre.author,
            reason: "round",
            interval: self.interval,
            logger: logger
        )
        round.figures = self.figures
        return RoundService(
            round: round,
            schedule: RoundSchedule(interval: self.interval),
            leaseDuration: self.leaseDuration,
            teller: self.eventProgram.map {
                EventTeller(store: centre.store, logger: logger, deliver: $0.run)
            },
            dispatch: EndpointDispatch(
                store: centre.store,
                connector: centre.connector,
                author: centre.author,
                logger: logger
            ),
            logger: logger
        )
    }
}
