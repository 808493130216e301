internal import Glibc

/// One step's deadline, and the way to stop before it.
struct StepClock {
    let step: ConnectionStep
    private let limit: Duration
    private let deadline: ContinuousClock.Instant
    private let cancellation: EventDescriptor

    init(_ step: ConnectionStep, _ deadlines: ConnectionDeadlines, cancellation: EventDescriptor) {
        self.step = step
        self.limit = deadlines.limit(of: step)
        self.deadline = .now + self.limit
        self.cancellation = cancellation
    }

    /// Waits until a descriptor is ready for `POLLIN`, `POLLOUT` or either.
    ///
    /// - Throws: ``ConnectionFailure/timedOut(_:after:)`` or ``ConnectionFailure/cancelled``.
    func wait(for descriptor: Int32, events: Int32) throws(ConnectionFailure) {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(events), revents: 0),
            pollfd(fd: self.cancellation.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let remaining = max(.zero, self.deadline - .now)
            // Rounded up: a wait that ends early would turn the last millisecond into a busy loop.
            let ready = poll(
                &descriptors,
                nfds_t(descriptors.count),
                Int32(clamping: remaining.milliseconds + 1)
            )
            if descriptors[1].revents != 0 { throw .cancelled }
            if ready > 0 { return try self.check() }
            if ready < 0, errno != EINTR { throw .system(call: "poll", reason: SystemMessage.current) }
            try self.check()
        }
    }

    /// Waits until one of some descriptors is ready, or a time has come before the deadline.
    ///
    /// - Throws: ``ConnectionFailure/timedOut(_:after:)`` or ``ConnectionFailure/cancelled``.
    func wait(
        forAnyOf descriptors: [Int32],
        events: Int32,
        until time: ContinuousClock.Instant
    ) throws(ConnectionFailure) {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(events), revents: 0) }
        polled.append(pollfd(fd: self.cancellation.descriptor, events: Int16(POLLIN), revents: 0))
        let remaining = max(.zero, min(self.deadline, time) - .now)
        let ready = poll(&polled, nfds_t(polled.count), Int32(clamping: remaining.milliseconds + 1))
        if ready < 0, errno != EINTR { throw .system(call: "poll", reason: SystemMessage.current) }
        if let last = polled.last, last.revents != 0 { throw .cancelled }
        try self.check()
    }

    /// - Throws: ``ConnectionFailure/timedOut(_:after:)`` when the deadline has passed: a peer that always has one
    ///   more octet to say must not keep a step alive.
    private func check() throws(ConnectionFailure) {
        guard ContinuousClock.now < self.deadline else { throw .timedOut(self.step, after: self.limit) }
    }
}
