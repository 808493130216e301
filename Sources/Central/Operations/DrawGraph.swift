package import Foundation
package import Graphs
internal import Wire

/// Draws what a tunnel, a PoP or the fleet did over time.
package struct DrawGraph: Sendable {
    /// What is drawn.
    package enum Kind: String, CaseIterable, Sendable {
        case latency
        case traffic

        /// Traffic again, small and without words.
        case sparkline
    }

    /// Nil for the fleet.
    package let subject: Subject?
    package let kind: Kind
    package let period: GraphPeriod
    package let theme: GraphTheme

    package init(_ kind: Kind, of subject: Subject?, _ period: GraphPeriod, theme: GraphTheme = .light) {
        self.kind = kind
        self.subject = subject
        self.period = period
        self.theme = theme
    }

    /// Draws the graph up to a time.
    ///
    /// - Returns: An SVG document.
    /// - Throws: ``RegistryError/notFound(_:)`` when there is no such PoP or tunnel.
    package func run(in centre: Centre, now: Date = Date()) async throws -> String {
        let length = self.period.step
        let current =
            Int64(saturating: (now.timeIntervalSince1970 / Double(length)).rounded(.down)) * length
        // An hour or a day that is not over would look quieter than it is.
        let end = self.period == .day ? current + length : current
        let since = Date(timeIntervalSince1970: Double(end - self.period.length))
        let steps = try await self.steps(since: since, in: centre.store)
        let words = self.words
        switch self.kind {
        case .traffic, .sparkline:
            let points = steps.map(\.traffic)
            let graph = TrafficGraph(of: words, self.period, until: end, points, theme: self.theme)
            return self.kind == .traffic ? graph.svg : graph.sparkline
        case .latency:
            return LatencyGraph(
                of: words,
                self.period,
                until: end,
                steps.map(\.latency),
                total: GraphStep.sum(of: steps)?.quantiles,
                theme: self.theme
            ).svg
        }
    }

    private var words: String {
        switch self.subject {
        case .tunnel(let number): "\(number)"
        case .pop(let name): "\(name)"
        case nil: "the fleet"
        }
    }

    private func steps(since: Date, in store: FleetStore) async throws -> [GraphStep] {
        switch self.subject {
        case .tunnel(let number):
            // A tunnel that is not there is told from one that reported nothing.
            _ = try await store.registry.pop(of: number)
            let steps = try await store.samples.steps(of: number, since: since)
            return TrafficStep.differences(of: steps).map { GraphStep($0) }
        case .pop(let name):
            let pop = try await store.registry.snapshot(of: .infrastructure).demand(name)
            return try await Self.steps(ofPoP: pop.id, since: since, in: store)
        case nil:
            var sums: [Int64: GraphStep] = [:]
            for pop in try await store.registry.snapshot(of: .infrastructure).pops {
                for step in try await Self.steps(ofPoP: pop.id, since: since, in: store) {
                    sums[step.time] = sums[step.time].map { $0 + step } ?? step
                }
            }
            return sums.values.sorted { $0.time < $1.time }
        }
    }

    private static func steps(
        ofPoP popID: Int,
        since: Date,
        in store: FleetStore
    ) async throws -> [GraphStep] {
        TrafficStep.differences(of: try await store.samples.steps(ofPoP: popID, since: since))
            .map { GraphStep($0) }
    }
}

/// A step as graphs need it, of one or of several together.
private struct GraphStep {
    let time: Int64
    private let incoming: Double
    private let outgoing: Double
    private let sent: Int64
    private let received: Int64
    private let roundTrips: RoundTrips?

    /// Shortest, mean and longest mean, of daemons that do not tell how long each round trip took.
    private let means: LatencyGraph.Quantiles?

    init(_ step: TrafficStep) {
        self.time = Int64(saturating: step.time.timeIntervalSince1970)
        self.incoming = step.rate(step.inBytes)
        self.outgoing = step.rate(step.outBytes)
        self.sent = step.sent.value
        self.received = step.received.value
        self.roundTrips = step.roundTrips
        self.means = step.mean.map {
            LatencyGraph.Quantiles(
                low: min($0, step.shortest ?? $0),
                median: $0,
                high: max($0, step.longest ?? $0)
            )
        }
    }

    private init(of steps: [GraphStep], at time: Int64) {
        self.time = time
        self.incoming = steps.reduce(0) { $0 + $1.incoming }
        self.outgoing = steps.reduce(0) { $0 + $1.outgoing }
        self.sent = steps.map { Tally(clamping: $0.sent) }.sum.value
        self.received = steps.map { Tally(clamping: $0.received) }.sum.value
        let counted = steps.compactMap(\.roundTrips)
        self.roundTrips =
            counted.isEmpty ? nil : counted.reduce(into: RoundTrips()) { $0.add($1) }
        self.means = Self.mean(of: steps)
    }

    /// Each counts by its answers.
    private static func mean(of steps: [GraphStep]) -> LatencyGraph.Quantiles? {
        let known = steps.compactMap { step in step.means.map { (step: step, means: $0) } }
        let answers = known.reduce(0.0) { $0 + Double($1.step.received) }
        guard answers > 0 else { return known.first?.means }
        let sum = known.reduce(0.0) { $0 + $1.means.median * Double($1.step.received) }
        return LatencyGraph.Quantiles(
            low: known.map(\.means.low).min() ?? 0,
            median: sum / answers,
            high: known.map(\.means.high).max() ?? 0
        )
    }

    static func + (lhs: Self, rhs: Self) -> Self { GraphStep(of: [lhs, rhs], at: lhs.time) }

    static func sum(of steps: [GraphStep]) -> GraphStep? {
        steps.last.map { GraphStep(of: steps, at: $0.time) }
    }

    /// In milliseconds; of round trips where they are known.
    var quantiles: LatencyGraph.Quantiles? {
        guard let low = self.roundTrips?.quantile(0.1), let median = self.roundTrips?.quantile(0.5),
            let high = self.roundTrips?.quantile(0.9)
        else { return self.means }
        return LatencyGraph.Quantiles(low: low / 1000, median: median / 1000, high: high / 1000)
    }

    var traffic: TrafficGraph.Point {
        TrafficGraph.Point(time: self.time, incoming: self.incoming, outgoing: self.outgoing)
    }

    var latency: LatencyGraph.Point {
        LatencyGraph.Point(
            time: self.time,
            quantiles: self.quantiles,
            sent: self.sent,
            lost: max(0, self.sent - self.received)
        )
    }
}
