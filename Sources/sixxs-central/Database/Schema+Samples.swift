/// SQL of the second database file, which holds what the daemons reported.
///
/// It is apart so that the authoritative file stays small to back up. PoPs and tunnels are numbers
/// here without a foreign key: samples outlive them. Times are milliseconds since 1970, UTC.
enum SamplesSchema {
    /// Everything, in the order in which it must be created.
    static let statements = [popSample, tunnelSample]

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
}
