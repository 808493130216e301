internal import Foundation

/// What was counted for a tunnel or a PoP until the last report of a step; only ever grows.
struct CounterStep: Hashable, Sendable {
    /// When the step begins.
    let time: Date

    /// How many reports came.
    let reports: Int

    /// In how many of them a tunnel was up; of a PoP, how many tunnels were, at most.
    let up: Int

    /// From the user, or to the uplink.
    let inPackets: Int64
    let inBytes: Int64

    /// To the user, or from the uplink.
    let outPackets: Int64
    let outBytes: Int64

    /// Latency probes; none for a PoP.
    var sent: Int64 = 0
    var received: Int64 = 0

    /// The sum of all round trips, in microseconds.
    var latency: Int64 = 0
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
    let inPackets: Int64
    let inBytes: Int64
    let outPackets: Int64
    let outBytes: Int64

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
        self.inPackets = step.inPackets - before.inPackets
        self.inBytes = step.inBytes - before.inBytes
        self.outPackets = step.outPackets - before.outPackets
        self.outBytes = step.outBytes - before.outBytes
        let sent = step.sent - before.sent
        let received = step.received - before.received
        self.loss = sent > 0 ? max(0, Double(sent - received) * 100 / Double(sent)) : nil
        self.mean = received > 0 ? Double(step.latency - before.latency) / Double(received) / 1000 : nil
        self.shortest = step.shortest
        self.longest = step.longest
    }

    /// The differences of neighbours; the first step is only compared with.
    static func differences(of steps: [CounterStep]) -> [TrafficStep] {
        zip(steps, steps.dropFirst()).map { TrafficStep(from: $0, to: $1) }
    }

    /// In bits a second.
    func rate(_ octets: Int64) -> Double { self.seconds > 0 ? Double(octets) * 8 / self.seconds : 0 }
}
