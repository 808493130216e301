internal import Wire

/// SQL of the second database file, which holds what the daemons reported.
///
/// It is apart so that the authoritative file stays small to back up. PoPs and tunnels are numbers
/// here without a foreign key: samples outlive them. Times are milliseconds since 1970, UTC.
enum SamplesSchema {
    /// Everything of the first version, in the order in which it must be created.
    static let statements = [popSample, tunnelSample]

    /// What makes sums of counters, and steps of ten minutes, an hour and a day, of the first version.
    static let steps =
        [popCounter, tunnelCounter, popStep, tunnelStep]
        + [600, 3600, 86400].flatMap { [Self.popSteps(of: $0), Self.tunnelSteps(of: $0)] }
        + ["DROP TABLE popSample", "DROP TABLE tunnelSample"]

    private static let popSample = """
        CREATE TABLE popSample (
            popID INTEGER NOT NULL,
            time INTEGER NOT NULL,
            instance TEXT NOT NULL,
            version TEXT NOT NULL,
            uptime INTEGER NOT NULL,
            generation INTEGER,
            digest TEXT,
            online INTEGER NOT NULL,
            active INTEGER NOT NULL,
            configured INTEGER NOT NULL,
            rxPackets INTEGER NOT NULL,
            rxBytes INTEGER NOT NULL,
            txPackets INTEGER NOT NULL,
            txBytes INTEGER NOT NULL,
            PRIMARY KEY (popID, time)
        ) STRICT, WITHOUT ROWID
        """

    private static let tunnelSample = """
        CREATE TABLE tunnelSample (
            tunnel INTEGER NOT NULL,
            time INTEGER NOT NULL,
            state TEXT NOT NULL,
            inPackets INTEGER NOT NULL,
            inBytes INTEGER NOT NULL,
            outPackets INTEGER NOT NULL,
            outBytes INTEGER NOT NULL,
            sent INTEGER,
            received INTEGER,
            minMs REAL,
            avgMs REAL,
            maxMs REAL,
            PRIMARY KEY (tunnel, time)
        ) STRICT, WITHOUT ROWID
        """

    /// The newest report of every PoP; counters are what the daemon said, offsets make them sums over restarts.
    private static let popCounter = """
        CREATE TABLE popCounter (
            popID INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            instance TEXT NOT NULL,
            version TEXT NOT NULL,
            uptime INTEGER NOT NULL,
            clockSkew INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            digest TEXT NOT NULL,
            online INTEGER NOT NULL,
            active INTEGER NOT NULL,
            configured INTEGER NOT NULL,
            errors INTEGER NOT NULL,
            \(columns(popCounters, suffix: "")),
            \(columns(popCounters, suffix: "Offset"))
        ) STRICT
        """

    private static let tunnelCounter = """
        CREATE TABLE tunnelCounter (
            tunnel INTEGER PRIMARY KEY,
            popID INTEGER NOT NULL,
            time INTEGER NOT NULL,
            instance TEXT NOT NULL,
            state TEXT NOT NULL,
            \(columns(tunnelCounters, suffix: "")),
            \(columns(tunnelCounters, suffix: "Offset"))
        ) STRICT;
        CREATE INDEX tunnelCounterOfPoP ON tunnelCounter (popID)
        """

    /// A row a step; `seconds` is how long the step is, `time` when it begins, counters are sums at its last report.
    private static let popStep = """
        CREATE TABLE popStep (
            seconds INTEGER NOT NULL CONSTRAINT "a step is ten minutes, an hour or a day" CHECK (seconds IN (600, 3600, 86400)),
            popID INTEGER NOT NULL,
            time INTEGER NOT NULL,
            reports INTEGER NOT NULL,
            online INTEGER NOT NULL,
            active INTEGER NOT NULL,
            configured INTEGER NOT NULL,
            \(columns(popCounters, suffix: "")),
            PRIMARY KEY (seconds, popID, time)
        ) STRICT, WITHOUT ROWID
        """

    private static let tunnelStep = """
        CREATE TABLE tunnelStep (
            seconds INTEGER NOT NULL CONSTRAINT "a step is ten minutes, an hour or a day" CHECK (seconds IN (600, 3600, 86400)),
            tunnel INTEGER NOT NULL,
            time INTEGER NOT NULL,
            reports INTEGER NOT NULL,
            reportsUp INTEGER NOT NULL,
            \(columns(tunnelCounters, suffix: "")),
            minMs REAL,
            maxMs REAL,
            PRIMARY KEY (seconds, tunnel, time)
        ) STRICT, WITHOUT ROWID
        """

    /// What of a PoP's kernel is not as it should be, a line each; null when the daemon says nothing of it.
    static let kernel = [
        "ALTER TABLE popCounter ADD COLUMN mended INTEGER",
        "ALTER TABLE popCounter ADD COLUMN faults TEXT",
    ]

    /// Where tunnels ended: a row each time that a PoP reported another address than before; null for none.
    static let endpoints = [
        "ALTER TABLE tunnelCounter ADD COLUMN endpoint TEXT",
        """
        CREATE TABLE tunnelEndpoint (
            id INTEGER PRIMARY KEY,
            tunnel INTEGER NOT NULL,
            time INTEGER NOT NULL,
            address TEXT
        ) STRICT
        """,
        "CREATE INDEX tunnelEndpointOfTunnel ON tunnelEndpoint (tunnel)",
        "CREATE INDEX tunnelEndpointOfAddress ON tunnelEndpoint (address) WHERE address IS NOT NULL",
        "CREATE INDEX tunnelEndpointByTime ON tunnelEndpoint (time)",
    ]

    // MARK: - Bounds

    /// Seconds of a hundred years.
    static let century: Int64 = 36_525 * 86_400

    /// How many tunnels a PoP may have.
    static let tunnels: ClosedRange<Int64> = 0...Int64(ReportExpectation.maximumTunnels)

    /// What daemons said was stored as they said it: what cannot be becomes unknown, or goes.
    static let bounds =
        [
            boundedPoPCounter, popCounterBounds, "DROP TABLE popCounter",
            "ALTER TABLE newPoPCounter RENAME TO popCounter",
        ]
        + [
            """
            UPDATE tunnelCounter SET \(list(offsets(of: tunnelCounters)) { "\($0) = \(bounded($0, or: "0"))" })
            WHERE \(isUnbounded(offsets(of: tunnelCounters)))
            """,
            "DELETE FROM tunnelStep WHERE \(isUnbounded(["reports", "reportsUp"] + tunnelCounters))",
            "DELETE FROM popStep WHERE \(isUnbounded(["reports", "online", "active", "configured"] + popCounters))",
        ]

    /// Nullable where a daemon may say what is not believed; `doubts` is that in words.
    private static let boundedPoPCounter = """
        CREATE TABLE newPoPCounter (
            popID INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            instance TEXT NOT NULL,
            version TEXT NOT NULL,
            uptime INTEGER,
            clockSkew INTEGER,
            generation INTEGER,
            digest TEXT,
            online INTEGER,
            active INTEGER,
            configured INTEGER,
            errors INTEGER NOT NULL,
            doubts TEXT,
            \(columns(popCounters, suffix: "")),
            \(columns(popCounters, suffix: "Offset"))
        ) STRICT
        """

    private static let popCounterBounds = """
        INSERT INTO newPoPCounter SELECT popID, time, instance, version,
            iif(uptime BETWEEN 0 AND \(century), uptime, NULL),
            iif(clockSkew BETWEEN -\(century) AND \(century), clockSkew, NULL),
            iif(generation BETWEEN 0 AND \(Int32.max), generation, NULL), digest,
            \(list(["online", "active", "configured"]) { "iif(\($0) BETWEEN 0 AND \(tunnels.upperBound), \($0), NULL)" }),
            \(bounded("errors", or: "0")), NULL, \(list(offsets(of: popCounters)) { bounded($0, or: "0") })
        FROM popCounter
        """

    private static func offsets(of counters: [String]) -> [String] {
        counters + counters.map { "\($0)Offset" }
    }

    private static func bounded(_ name: String, or other: String) -> String {
        "iif(\(name) BETWEEN 0 AND \(Tally.limit), \(name), \(other))"
    }

    private static func isUnbounded(_ names: [String]) -> String {
        names.map { "\($0) NOT BETWEEN 0 AND \(Tally.limit)" }.joined(separator: " OR ")
    }

    /// Steps of the samples of the first version, with sums over the restarts of a daemon.
    private static func popSteps(of seconds: Int) -> String {
        let window = "OVER (PARTITION BY popID ORDER BY time)"
        let step = "time / \(seconds * 1000) * \(seconds * 1000)"
        return """
            INSERT INTO popStep
            SELECT \(seconds), popID, \(step), count(*), max(online), max(active), max(configured),
                \(Self.list(popCounters) { "max(\($0))" })
            FROM (SELECT *, \(Self.list(popCounters) { "sum(\($0)Growth) \(window) AS \($0)" })
                FROM (SELECT popID, time, online, active, configured, \(Self.growth(of: popCounters, window)) FROM popSample))
            GROUP BY popID, \(step)
            """
    }

    private static func tunnelSteps(of seconds: Int) -> String {
        let window = "OVER (PARTITION BY tunnel ORDER BY time)"
        let step = "time / \(seconds * 1000) * \(seconds * 1000)"
        let samples = """
            SELECT tunnel, time, state, inPackets, inBytes, outPackets, outBytes, coalesce(sent, 0) AS sent,
                coalesce(received, 0) AS received,
                CAST(coalesce(avgMs * received, 0) * 1000 AS INTEGER) AS latencyMicroseconds, avgMs FROM tunnelSample
            """
        return """
            INSERT INTO tunnelStep
            SELECT \(seconds), tunnel, \(step), count(*), sum(state = 'up'),
                \(Self.list(tunnelCounters) { "max(\($0))" }), min(avgMs), max(avgMs)
            FROM (SELECT *, \(Self.list(tunnelCounters) { "sum(\($0)Growth) \(window) AS \($0)" })
                FROM (SELECT tunnel, time, state, avgMs, \(Self.growth(of: tunnelCounters, window)) FROM (\(samples))))
            GROUP BY tunnel, \(step)
            """
    }

    /// How much each counter grew since the row before; one that is less than before began anew.
    private static func growth(of counters: [String], _ window: String) -> String {
        Self.list(counters) { name in
            "CASE WHEN \(name) >= lag(\(name)) \(window) THEN \(name) - lag(\(name)) \(window) ELSE \(name) END AS \(name)Growth"
        }
    }

    private static func list(_ names: [String], _ column: (String) -> String) -> String {
        names.map(column).joined(separator: ", ")
    }

    /// What is counted for a PoP.
    static let popCounters = ["rxPackets", "rxBytes", "txPackets", "txBytes"]

    /// What is counted for a tunnel; the sum of all latencies makes an average of any span of time.
    static let tunnelCounters = [
        "inPackets", "inBytes", "outPackets", "outBytes", "sent", "received", "latencyMicroseconds",
    ]

    private static func columns(_ names: [String], suffix: String) -> String {
        names.map { "\($0)\(suffix) INTEGER NOT NULL" }.joined(separator: ", ")
    }
}
