/// SQL of what users may do at the centre's pages, and of who is logged in there.
///
/// Times are milliseconds since 1970, UTC.
enum AccountSchema {
    static let statements = [
        """
        ALTER TABLE user ADD COLUMN role TEXT NOT NULL DEFAULT 'user'
            CONSTRAINT "a role is user, operator or read-only" CHECK (role IN ('user', 'operator', 'read-only'))
        """,
        """
        ALTER TABLE user ADD COLUMN webPassword TEXT
            CONSTRAINT "what is kept of a password for the pages is made by scrypt"
            CHECK (webPassword GLOB 'scrypt$[0-9]*$[0-9]*$[0-9]*$[0-9a-f]*$[0-9a-f]*' AND length(webPassword) <= 200)
        """,
        """
        ALTER TABLE user ADD COLUMN suspension TEXT
            CONSTRAINT "a suspension lists numbers of tunnels" CHECK (suspension NOT GLOB '*[^0-9 ]*')
        """,
        """
        CREATE TABLE accountLink (
            token TEXT PRIMARY KEY
                CONSTRAINT "the hash of a link is 64 lower-case hexadecimal digits"
                CHECK (length(token) = 64 AND token NOT GLOB '*[^0-9a-f]*'),
            user TEXT NOT NULL COLLATE NOCASE REFERENCES user (handle) ON DELETE CASCADE ON UPDATE CASCADE,
            kind TEXT NOT NULL
                CONSTRAINT "a link is an invitation or a reset" CHECK (kind IN ('invitation', 'reset')),
            until INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE UNIQUE INDEX accountLinkOfUser ON accountLink (user)",
        """
        CREATE TABLE webSession (
            token TEXT PRIMARY KEY
                CONSTRAINT "the hash of a session is 64 lower-case hexadecimal digits"
                CHECK (length(token) = 64 AND token NOT GLOB '*[^0-9a-f]*'),
            user TEXT NOT NULL COLLATE NOCASE REFERENCES user (handle) ON DELETE CASCADE ON UPDATE CASCADE,
            begun INTEGER NOT NULL,
            used INTEGER NOT NULL,
            client TEXT
        ) STRICT
        """,
        "CREATE INDEX webSessionOfUser ON webSession (user, used)",
        "CREATE INDEX webSessionByUse ON webSession (used)",
        "DROP TRIGGER auditIsFinal",
        auditIsFinal,
    ]

    /// Only the name and the mail address of a user who is there no more can be taken out of the audit.
    private static let auditIsFinal = """
        CREATE TRIGGER auditIsFinal BEFORE UPDATE ON audit
        WHEN NOT (NEW.revision = OLD.revision AND NEW.time = OLD.time AND NEW.author = OLD.author
            AND NEW.action = OLD.action AND NEW.subject = OLD.subject AND NEW.popID IS OLD.popID
            AND substr(OLD.subject, 1, 5) = 'user '
            AND NOT EXISTS (SELECT 1 FROM user WHERE handle = substr(OLD.subject, 6))
            AND NEW.before IS json_replace(OLD.before, '$.name', '', '$.mail', '')
            AND NEW.after IS json_replace(OLD.after, '$.name', '', '$.mail', ''))
        BEGIN
            SELECT RAISE(ABORT, 'the audit is only ever added to');
        END
        """
}
