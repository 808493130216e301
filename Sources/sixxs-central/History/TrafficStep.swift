internal import Foundation
internal import Wire

/// What was counted for a tunnel or a PoP until the last report of a step; only ever grows.
struct CounterStep: Hashable, Sendable {
    /// When the step begins.
    let time: Date

    /// How many reports came.
    let reports: Int

    /// In how many of them a tunnel was up; of a PoP, how many tunnels were, at most.
    let up: Int

    /// From the user, or to the uplink.
    let inPackets: Tally
    let inBytes: Tally

    /// To the user, or from the uplink.
    let outPackets: Tally
    let outBytes: Tally

    /// Latency probes; none for a PoP.
    var sent = Tally.zero
    var received = Tally.zero

    /// The sum of all round trips, in microseconds.
    var latency = Tally.zero
    var shortest: Double?
    var longest: Double?
}

/// What happened between two steps.
struct TrafficStep: Hashable, Sendable {
    /// When the later step begins.
    let time: Date

    /// From the earlier step to the later one.
    let seconds: Double
    let reports: Int
    let up: Int
    let inPackets: Tally
    let inBytes: Tally
    let outPackets: Tally
    let outBytes: Tally

    /// Of the probes, in percent; nil when none was sent.
    let loss: Double?

    /// Round trips, in milliseconds.
    let shortest: Double?
    let mean: Double?
    let longest: Double?

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
        let latency = step.latency.growth(since: before.latency)
        self.loss = sent > .zero ? Double(sent.growth(since: received).value) * 100 / Double(sent.value) : nil
        self.mean = received > .zero ? Double(latency.value) / Double(received.value) / 1000 : nil
        self.shortest = step.shortest
        self.longest = step.longest
    }

    /// The differences of neighbours; the first step is only compared with.
    static func differences(of steps: [CounterStep]) -> [TrafficStep] {
        zip(steps, steps.dropFirst()).map { TrafficStep(from: $0, to: $1) }
    }

    /// In bits a second.
    func rate(_ octets: Tally) -> Double { self.seconds > 0 ? Double(octets.value) * 8 / self.seconds : 0 }
}
