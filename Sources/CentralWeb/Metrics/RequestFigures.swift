package import HTTP
internal import Synchronization
package import Wire

/// Counts requests by route and status, and how long their answers took.
package final class RequestFigures: Sendable {
    private struct Key: Hashable {
        let route: String
        let status: Int
    }

    private struct State {
        var counts: [Key: UInt64] = [:]
        var durations: [String: Histogram] = [:]
        var logins: [String: UInt64] = [:]
        var updates: [String: UInt64] = [:]
    }

    /// In seconds.
    private static let bounds = [0.005, 0.02, 0.1, 0.5, 2, 10]

    private let state = Mutex(State())

    package init() {}

    /// Counts a request.
    package func count(_ route: String, _ status: Status, _ duration: Duration) {
        self.state.withLock { state in
            state.counts[Key(route: route, status: status.rawValue), default: 0] &+= 1
            state.durations[route, default: Histogram(bounds: Self.bounds)].record(duration / .seconds(1))
        }
    }

    /// Counts an attempt to log in.
    func countLogin(_ outcome: String) { self.state.withLock { $0.logins[outcome, default: 0] &+= 1 } }

    /// Counts what became of an endpoint that a router told.
    func countUpdate(_ outcome: String) {
        self.state.withLock { $0.updates[outcome, default: 0] &+= 1 }
    }

    /// Writes what was counted.
    package func write(to exposition: inout Exposition) {
        let state = self.state.withLock {
            State(
                counts: $0.counts,
                durations: $0.durations,
                logins: $0.logins,
                updates: $0.updates
            )
        }
        let counts = state.counts.sorted { ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status) }
        exposition.family("sixxs_http_requests_total", .counter, "Requests for pages.") { samples in
            for (key, count) in counts { samples.add(["code": "\(key.status)", "route": key.route], count) }
        }
        exposition.family("sixxs_http_request_duration_seconds", .histogram, "How long answers took.") {
            samples in
            for (route, histogram) in state.durations.sorted(by: { $0.key < $1.key }) {
                samples.add(["route": route], histogram)
            }
        }
        exposition.family("sixxs_logins_total", .counter, "Attempts to log in to the pages.") { samples in
            for (outcome, count) in state.logins.sorted(by: { $0.key < $1.key }) {
                samples.add(["outcome": outcome], count)
            }
        }
        exposition.family(
            "sixxs_endpoint_updates_total",
            .counter,
            "Endpoints that routers told, by what was answered."
        ) { samples in
            for (outcome, count) in state.updates.sorted(by: { $0.key < $1.key }) {
                samples.add(["outcome": outcome], count)
            }
        }
    }
}
