package import Foundation
package import Wire

/// What happened between two steps.
package struct TrafficStep: Hashable, Sendable {
    /// When the later step begins.
    package let time: Date

    /// From the earlier step to the later one.
    package let seconds: Double
    package let reports: Int
    package let up: Int
    package let inPackets: Tally
    package let inBytes: Tally
    package let outPackets: Tally
    package let outBytes: Tally

    /// Of the probes, in percent; nil when none was sent.
    package let loss: Double?

    /// Probes, and how many were answered.
    package let sent: Tally
    package let received: Tally

    /// How long round trips took; nil from daemons that do not tell.
    package let roundTrips: RoundTrips?

    /// Round trips, in milliseconds.
    package let shortest: Double?
    package let mean: Double?
    package let longest: Double?

    init(from before: CounterStep, to step: CounterStep) {
        self.time = step.time
        self.seconds = step.time.timeIntervalSince(before.time)
        self.reports = step.reports
        self.up = step.up
        self.inPackets = step.inPackets.growth(since: before.inPackets)
        self.inBytes = step.inBytes.growth(since: before.inBytes)
        self.outPackets = step.outPackets.growth(since: before.outPackets)
        self.outBytes = step.outBytes.growth(since: before.outBytes)
        let sent = step.sent.growth(since: before.sent)
        let received = step.received.growth(since: before.received)
        (self.sent, self.received, self.roundTrips) = (sent, received, step.roundTrips)
        let latency = step.latency.growth(since: before.latency)
        self.loss = sent > .zero ? Double(sent.growth(since: received).value) * 100 / Double(sent.value) : nil
        self.mean = received > .zero ? Double(latency.value) / Double(received.value) / 1000 : nil
        self.shortest = step.shortest
        self.longest = step.longest
    }

    /// The differences of neighbours; the first step is only compared with.
    package static func differences(of steps: [CounterStep]) -> [TrafficStep] {
        zip(steps, steps.dropFirst()).map { TrafficStep(from: $0, to: $1) }
    }

    /// In bits a second.
    package func rate(_ octets: Tally) -> Double {
        self.seconds > 0 ? Double(octets.value) * 8 / self.seconds : 0
    }
}
