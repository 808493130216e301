internal import Wire

/// SQL of what tunnels counted, step by step: by how much they grew, and in the order of time.
///
/// 50,000 tunnels have 83 million steps in a year. What grew in ten minutes takes fewer octets than what was counted in years; and
/// where all tunnels' rows of one step lie together, a round writes a few hundred pages instead of three for each tunnel.
enum GrowthSchema {
    /// What is counted for a tunnel, in the order of the columns.
    static let counters = SamplesSchema.tunnelCounters

    static let statements = [
        tunnelStep, growth, lastUp, fillLastUp, "DROP TABLE tunnelStep",
        "ALTER TABLE newTunnelStep RENAME TO tunnelStep",
    ]

    /// A row a step and tunnel.
    ///
    /// `step` is how long it is (0 ten minutes, 1 an hour, 2 a day), `number` which one since 1970, `span` how many steps ago the
    /// report came from which the counters have grown; 0 where there was none, so that nothing is known of the growth.
    /// `shortest` and `longest` are means of reports, in microseconds.
    private static let tunnelStep = """
        CREATE TABLE newTunnelStep (
            step INTEGER NOT NULL CONSTRAINT "a step is ten minutes, an hour or a day" CHECK (step BETWEEN 0 AND 2),
            number INTEGER NOT NULL,
            tunnel INTEGER NOT NULL,
            reports INTEGER NOT NULL,
            reportsUp INTEGER NOT NULL,
            span INTEGER NOT NULL,
            \(counters.map { "\($0) INTEGER NOT NULL" }.joined(separator: ", ")),
            shortest INTEGER,
            longest INTEGER,
            PRIMARY KEY (step, number, tunnel)
        ) STRICT, WITHOUT ROWID
        """

    /// From sums to what they grew by; rows without a report only said where the sums began.
    private static let growth = """
        INSERT INTO newTunnelStep SELECT step, number, tunnel, reports, reportsUp, span, \(counters.joined(separator: ", ")),
            CAST(round(minMs * 1000) AS INTEGER), CAST(round(maxMs * 1000) AS INTEGER)
        FROM (SELECT \(kind) AS step, time / (seconds * 1000) AS number, tunnel, reports, reportsUp,
                coalesce((time - lag(time) OVER before) / (seconds * 1000), 0) AS span,
                \(counters.map { "coalesce(max(0, \($0) - lag(\($0)) OVER before), 0) AS \($0)" }.joined(separator: ", ")),
                minMs, maxMs
            FROM tunnelStep WINDOW before AS (PARTITION BY seconds, tunnel ORDER BY time))
        WHERE reports > 0 ORDER BY step, number, tunnel
        """

    /// How many round trips took how long, as `RoundTrips` packs it; null from daemons that do not tell.
    ///
    /// With a tunnel's counters it is what the daemon said; with steps what was added in them. So it is with what a PoP's step has
    /// of the probes of its tunnels.
    static let roundTrips =
        ["tunnelCounter", "tunnelStep", "popStep"].map { "ALTER TABLE \($0) ADD COLUMN roundTrips BLOB" }
        + popLatency.map { "ALTER TABLE popStep ADD COLUMN \($0) INTEGER NOT NULL DEFAULT 0" }

    /// What a PoP's step has of the probes of its tunnels.
    static let popLatency = ["sent", "received", "latencyMicroseconds"]

    private static let kind = "CASE seconds WHEN 600 THEN 0 WHEN 3600 THEN 1 ELSE 2 END"

    /// Where it stands in the row of the newest report, no step has to be searched for it.
    private static let lastUp = "ALTER TABLE tunnelCounter ADD COLUMN lastUp INTEGER"

    private static let fillLastUp = """
        UPDATE tunnelCounter SET lastUp = steps.time
        FROM (SELECT tunnel, max(time) AS time FROM tunnelStep WHERE reportsUp > 0 GROUP BY tunnel) AS steps
        WHERE steps.tunnel = tunnelCounter.tunnel
        """
}

extension SampleStep {
    /// How its length is stored.
    var code: Int64 {
        switch self {
        case .tenMinutes: 0
        case .hour: 1
        case .day: 2
        }
    }
}
