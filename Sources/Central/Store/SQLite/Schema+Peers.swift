/// SQL of what PoPs measured of each other.
///
/// A fleet of n PoPs has 2n² ways in every step: all of a PoP are packed into one value, as `PeerProbes` does it, so that a report
/// writes one row a step, and 50 PoPs some 80 MB in a year.
enum PeerSchema {
    static let statements = [counter, step]

    /// What a daemon said in its newest report, counted since its start.
    private static let counter = """
        CREATE TABLE peerCounter (
            popID INTEGER PRIMARY KEY,
            instance TEXT NOT NULL,
            probes BLOB NOT NULL
        ) STRICT
        """

    /// What grew in a step; `step` and `number` as with tunnels.
    private static let step = """
        CREATE TABLE peerStep (
            step INTEGER NOT NULL CONSTRAINT "a step is ten minutes, an hour or a day" CHECK (step BETWEEN 0 AND 2),
            popID INTEGER NOT NULL,
            number INTEGER NOT NULL,
            probes BLOB NOT NULL,
            PRIMARY KEY (step, popID, number)
        ) STRICT
        """
}
