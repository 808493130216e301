package import Foundation
package import Wire

/// What was counted for a tunnel or a PoP until the last report of a step; only ever grows.
package struct CounterStep: Hashable, Sendable {
    /// When the step begins.
    package let time: Date

    /// How many reports came.
    package let reports: Int

    /// In how many of them a tunnel was up; of a PoP, how many tunnels were, at most.
    package let up: Int

    /// From the user, or to the uplink.
    package let inPackets: Tally
    package let inBytes: Tally

    /// To the user, or from the uplink.
    package let outPackets: Tally
    package let outBytes: Tally

    /// Latency probes; those of a PoP are all of its tunnels'.
    var sent = Tally.zero
    var received = Tally.zero

    /// The sum of all round trips, in microseconds.
    package var latency = Tally.zero
    package var shortest: Double?
    package var longest: Double?

    /// How long the round trips of this step took, not those before; nil from daemons that do not tell.
    package var roundTrips: RoundTrips?
}

extension [CounterStep] {
    /// The same steps, of which each has what probes counted in it alone, with the sums of those before.
    func addingUpProbes() -> [CounterStep] {
        var (sent, received, latency) = (Tally.zero, Tally.zero, Tally.zero)
        return self.map { step in
            var step = step
            sent = sent + step.sent
            received = received + step.received
            latency = latency + step.latency
            (step.sent, step.received, step.latency) = (sent, received, latency)
            return step
        }
    }

    /// The same steps without what was counted before a time, in their order.
    ///
    /// What grew between the first step and the second grew evenly: where the time lies between them, the first is moved there.
    func beginning(at time: Date) -> [CounterStep] {
        guard self.count > 1, self[0].time < time, time < self[1].time else { return self }
        return [self[0].moved(to: time, towards: self[1])] + self.dropFirst()
    }
}

extension CounterStep {
    fileprivate func moved(to time: Date, towards next: CounterStep) -> CounterStep {
        let share = time.timeIntervalSince(self.time) / next.time.timeIntervalSince(self.time)
        func between(_ counter: KeyPath<CounterStep, Tally>) -> Tally {
            self[keyPath: counter].grown(towards: next[keyPath: counter], by: share)
        }
        return CounterStep(
            time: time,
            reports: self.reports,
            up: self.up,
            inPackets: between(\.inPackets),
            inBytes: between(\.inBytes),
            outPackets: between(\.outPackets),
            outBytes: between(\.outBytes),
            sent: between(\.sent),
            received: between(\.received),
            latency: between(\.latency)
        )
    }
}

extension Tally {
    /// What it was when so much, from 0 to 1, of the way to a later one lay behind it.
    func grown(towards later: Tally, by share: Double) -> Tally {
        self + Tally(clamping: Int64(saturating: Double(later.growth(since: self).value) * share))
    }
}
