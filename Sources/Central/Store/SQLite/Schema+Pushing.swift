/// SQL of the tables that rounds fill.
///
/// Times are milliseconds since 1970, UTC; durations are milliseconds.
enum PushingSchema {
    /// Everything, in the order in which it must be created.
    static let statements = [generation, push, event]

    private static let generation = """
        CREATE TABLE generation (
            popID INTEGER NOT NULL REFERENCES pop (id) ON DELETE CASCADE ON UPDATE CASCADE,
            number INTEGER NOT NULL CONSTRAINT "a generation is at least 1" CHECK (number >= 1),
            digest TEXT NOT NULL
                CONSTRAINT "a digest is 64 lower-case hexadecimal digits"
                CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
            text TEXT NOT NULL,
            created INTEGER NOT NULL,
            author TEXT NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (popID, number)
        ) STRICT;
        CREATE TRIGGER generationGrows BEFORE INSERT ON generation
        WHEN NEW.number <= (SELECT max(number) FROM generation WHERE popID = NEW.popID)
        BEGIN
            SELECT RAISE(ABORT, 'a generation number is greater than those before it');
        END;
        CREATE TRIGGER generationIsFixed BEFORE UPDATE OF number, digest, text, created ON generation
        BEGIN
            SELECT RAISE(ABORT, 'a generation never changes');
        END
        """

    private static let push = """
        CREATE TABLE push (
            id INTEGER PRIMARY KEY,
            popID INTEGER NOT NULL REFERENCES pop (id) ON DELETE CASCADE ON UPDATE CASCADE,
            generation INTEGER,
            started INTEGER NOT NULL,
            duration INTEGER NOT NULL CONSTRAINT "a duration is not negative" CHECK (duration >= 0),
            outcome TEXT NOT NULL
                CONSTRAINT "an outcome is applied, unchanged or failed" CHECK (outcome IN ('applied', 'unchanged', 'failed')),
            detail TEXT NOT NULL,
            CONSTRAINT "a successful push has a generation" CHECK (outcome = 'failed' OR generation IS NOT NULL)
        ) STRICT;
        CREATE INDEX pushOfPoP ON push (popID, started)
        """

    private static let event = """
        CREATE TABLE event (
            id INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            popID INTEGER REFERENCES pop (id) ON DELETE CASCADE ON UPDATE CASCADE,
            tunnel INTEGER,
            kind TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;
        CREATE INDEX eventTime ON event (time)
        """
}
