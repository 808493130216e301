/// SQL of the migration that makes a registry of tunnels one of a fleet: users, canaries, leases, holds.
///
/// Times are milliseconds since 1970, UTC; durations are milliseconds unless the name says seconds.
enum FleetSchema {
    /// Everything, in the order in which it must be run.
    static let statements = [
        user, tunnel, pop, setting, audit, generation, push, poll, event, circuit, hold, lease,
    ]

    /// Indexes by row, and terms of leases.
    ///
    /// What is newest is what was written last, whatever the clock said. A lease's term grows with each holder.
    static let sequence = [
        "CREATE INDEX pushBySequence ON push (popID)",
        "CREATE INDEX successBySequence ON push (popID) WHERE outcome IN ('applied', 'unchanged')",
        "CREATE INDEX driftBySequence ON event (popID) WHERE kind = 'drifted'",
        "ALTER TABLE lease ADD COLUMN term INTEGER NOT NULL DEFAULT 1",
    ]

    /// Which push a poll came with, so that both are shown in the order in which they were written.
    static let visits = [
        """
        ALTER TABLE poll ADD COLUMN visit INTEGER NOT NULL DEFAULT 0;
        UPDATE poll SET visit = coalesce(
            (SELECT max(id) FROM push WHERE push.popID = poll.popID AND push.started = poll.started), 0)
        """
    ]

    /// What PoPs were called before, and until when: a daemon goes on under its old name until it is pushed to.
    static let formerNames = [
        """
        CREATE TABLE formerName (
            id INTEGER PRIMARY KEY,
            popID INTEGER NOT NULL REFERENCES pop (id) ON DELETE CASCADE ON UPDATE CASCADE,
            name TEXT NOT NULL,
            until INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE INDEX formerNameOfPoP ON formerName (popID)",
    ]

    /// Until when an operator knows of a PoP's trouble.
    static let acknowledgements = [
        """
        CREATE TABLE acknowledgement (
            popID INTEGER PRIMARY KEY REFERENCES pop (id) ON DELETE CASCADE ON UPDATE CASCADE,
            since INTEGER NOT NULL,
            until INTEGER NOT NULL,
            author TEXT NOT NULL,
            reason TEXT NOT NULL CONSTRAINT "an acknowledgement has a reason" CHECK (reason <> '')
        ) STRICT
        """
    ]

    /// Finds the changes of one subject without reading all of them.
    static let subjects = ["CREATE INDEX auditOfSubject ON audit (subject)"]

    private static let user = """
        CREATE TABLE user (
            handle TEXT PRIMARY KEY
                CONSTRAINT "a handle is 2 to 32 letters, digits, dots and dashes, and begins with a letter"
                CHECK (length(handle) BETWEEN 2 AND 32 AND handle GLOB '[A-Za-z]*' AND handle NOT GLOB '*[^-.A-Za-z0-9]*')
                COLLATE NOCASE,
            name TEXT NOT NULL,
            mail TEXT NOT NULL
                CONSTRAINT "a mail address has one @ and no blanks"
                CHECK (mail = '' OR mail GLOB '?*@?*' AND mail NOT GLOB '* *' AND mail NOT GLOB '*@*@*'),
            passwordMD5 TEXT
                CONSTRAINT "an MD5 is 32 lower-case hexadecimal digits"
                CHECK (length(passwordMD5) = 32 AND passwordMD5 NOT GLOB '*[^0-9a-f]*'),
            passwordSHA256 TEXT
                CONSTRAINT "a SHA-256 is 64 lower-case hexadecimal digits"
                CHECK (length(passwordSHA256) = 64 AND passwordSHA256 NOT GLOB '*[^0-9a-f]*')
                CONSTRAINT "a password has both hashes or none"
                CHECK ((passwordSHA256 IS NULL) = (passwordMD5 IS NULL)),
            created INTEGER NOT NULL,
            changed INTEGER NOT NULL
        ) STRICT
        """

    private static let tunnel = """
        ALTER TABLE tunnel ADD COLUMN owner TEXT REFERENCES user (handle) ON DELETE RESTRICT ON UPDATE CASCADE;
        ALTER TABLE tunnel ADD COLUMN userEnabled INTEGER NOT NULL DEFAULT 1
            CONSTRAINT "userEnabled is 0 or 1" CHECK (userEnabled IN (0, 1));
        CREATE INDEX tunnelOfOwner ON tunnel (owner) WHERE owner IS NOT NULL
        """

    private static let pop = """
        ALTER TABLE pop ADD COLUMN canary INTEGER NOT NULL DEFAULT 0
            CONSTRAINT "canary is 0 or 1" CHECK (canary IN (0, 1));
        ALTER TABLE pop ADD COLUMN pollSeconds INTEGER NOT NULL DEFAULT 600
            CONSTRAINT "a poll interval is 60 to 86400 seconds" CHECK (pollSeconds BETWEEN 60 AND 86400)
        """

    private static let setting = """
        CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT
        """

    /// Whose configuration a change concerns; null stands for every PoP's.
    private static let audit = """
        ALTER TABLE audit ADD COLUMN popID INTEGER;
        CREATE INDEX auditOfPoP ON audit (popID, revision)
        """

    /// A generation remembers up to which revision its text was what the registry held.
    private static let generation = """
        ALTER TABLE generation ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE generation ADD COLUMN confirmed INTEGER;
        CREATE INDEX generationConfirmed ON generation (popID, confirmed) WHERE confirmed IS NOT NULL
        """

    /// A constraint cannot be changed in place, so the table is made anew with two more outcomes.
    private static let push = """
        CREATE TABLE newPush (
            id INTEGER PRIMARY KEY,
            popID INTEGER NOT NULL REFERENCES pop (id) ON DELETE CASCADE ON UPDATE CASCADE,
            generation INTEGER,
            started INTEGER NOT NULL,
            duration INTEGER NOT NULL CONSTRAINT "a duration is not negative" CHECK (duration >= 0),
            outcome TEXT NOT NULL
                CONSTRAINT "an outcome is applied, unchanged, failed, stopped or rolled back"
                CHECK (outcome IN ('applied', 'unchanged', 'failed', 'stopped', 'rolled back')),
            detail TEXT NOT NULL,
            CONSTRAINT "a successful push has a generation"
                CHECK (outcome NOT IN ('applied', 'unchanged') OR generation IS NOT NULL)
        ) STRICT;
        INSERT INTO newPush SELECT id, popID, generation, started, duration, outcome, detail FROM push;
        DROP TABLE push;
        ALTER TABLE newPush RENAME TO push;
        CREATE INDEX pushOfPoP ON push (popID, started);
        UPDATE generation SET confirmed = (
            SELECT max(started) FROM push
            WHERE push.popID = generation.popID AND push.generation = generation.number AND outcome <> 'failed'
        )
        """

    private static let poll = """
        CREATE TABLE poll (
            id INTEGER PRIMARY KEY,
            popID INTEGER NOT NULL REFERENCES pop (id) ON DELETE CASCADE ON UPDATE CASCADE,
            started INTEGER NOT NULL,
            duration INTEGER NOT NULL CONSTRAINT "a duration is not negative" CHECK (duration >= 0),
            error TEXT
        ) STRICT;
        CREATE INDEX pollOfPoP ON poll (popID, started)
        """

    private static let event = """
        CREATE INDEX eventOfPoP ON event (popID, time);
        CREATE INDEX eventDrifted ON event (popID, time) WHERE kind = 'drifted';
        CREATE INDEX eventOfTunnel ON event (tunnel, time) WHERE tunnel IS NOT NULL
        """

    /// A row for each PoP that could not be reached the last time.
    private static let circuit = """
        CREATE TABLE circuit (
            popID INTEGER PRIMARY KEY REFERENCES pop (id) ON DELETE CASCADE ON UPDATE CASCADE,
            failures INTEGER NOT NULL CONSTRAINT "a circuit has at least one failure" CHECK (failures >= 1),
            since INTEGER NOT NULL,
            retryAt INTEGER NOT NULL,
            reason TEXT NOT NULL
        ) STRICT
        """

    /// A row for each PoP that is kept on a generation until an operator releases it.
    private static let hold = """
        CREATE TABLE hold (
            popID INTEGER PRIMARY KEY REFERENCES pop (id) ON DELETE CASCADE ON UPDATE CASCADE,
            generation INTEGER,
            since INTEGER NOT NULL,
            author TEXT NOT NULL,
            reason TEXT NOT NULL,
            FOREIGN KEY (popID, generation) REFERENCES generation (popID, number) ON UPDATE CASCADE
        ) STRICT
        """

    private static let lease = """
        CREATE TABLE lease (
            name TEXT PRIMARY KEY CONSTRAINT "a lease is for serving or for a round" CHECK (name IN ('serve', 'round')),
            holder TEXT NOT NULL,
            expires INTEGER NOT NULL
        ) STRICT
        """
}
