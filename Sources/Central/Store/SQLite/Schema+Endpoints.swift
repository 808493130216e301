/// SQL of what users' routers say of where their tunnels end.
///
/// Times are milliseconds since 1970, UTC.
enum EndpointSchema {
    static let statements = [
        """
        ALTER TABLE tunnel ADD COLUMN updateKey TEXT
            CONSTRAINT "the hash of an update key is 64 lower-case hexadecimal digits"
            CHECK (length(updateKey) = 64 AND updateKey NOT GLOB '*[^0-9a-f]*')
        """,
        """
        CREATE TABLE endpointRequest (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            tunnel INTEGER NOT NULL REFERENCES tunnel (number) ON DELETE CASCADE,
            popID INTEGER NOT NULL REFERENCES pop (id) ON DELETE CASCADE ON UPDATE CASCADE,
            time INTEGER NOT NULL,
            old TEXT NOT NULL,
            new TEXT NOT NULL,
            client TEXT,
            state TEXT NOT NULL
                CONSTRAINT "a wish is applied, deferred or superseded"
                CHECK (state IN ('applied', 'deferred', 'superseded'))
        ) STRICT
        """,
        "CREATE INDEX endpointRequestOfTunnel ON endpointRequest (tunnel)",
        "CREATE INDEX endpointRequestOfPoP ON endpointRequest (popID, tunnel) WHERE state = 'applied'",
        "CREATE UNIQUE INDEX endpointRequestWaits ON endpointRequest (tunnel) WHERE state = 'deferred'",
        "CREATE INDEX endpointRequestByTime ON endpointRequest (time)",
        """
        CREATE TABLE patchedState (
            id INTEGER PRIMARY KEY,
            popID INTEGER NOT NULL REFERENCES pop (id) ON DELETE CASCADE ON UPDATE CASCADE,
            generation INTEGER NOT NULL,
            digest TEXT NOT NULL
                CONSTRAINT "a digest is 64 lower-case hexadecimal digits"
                CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
            patch TEXT NOT NULL,
            UNIQUE (popID, digest)
        ) STRICT
        """,
    ]
}
