/// SQL of the tables that operators fill.
///
/// Constraints are named by the sentence that an operator reads when one is broken.
/// Times are milliseconds since 1970, UTC.
enum RegistrySchema {
    /// Everything, in the order in which it must be created.
    static let statements = [pop, prefix, prefixRules, tunnel, tunnelRules, subnet, subnetRules, audit]

    /// Passwords that others have replaced, good until a time nevertheless.
    static let oldPasswords = [
        "ALTER TABLE tunnel ADD COLUMN oldPassword TEXT",
        """
        ALTER TABLE tunnel ADD COLUMN oldPasswordEnd INTEGER
            CONSTRAINT "an old password has an end, and belongs to a tunnel with a password"
            CHECK ((oldPassword IS NULL) = (oldPasswordEnd IS NULL)
                AND (oldPassword IS NULL OR password IS NOT NULL))
        """,
    ]

    /// What the DNS tells of tunnels because their users want it.
    static let names = [
        """
        ALTER TABLE tunnel ADD COLUMN nameServers TEXT
            CONSTRAINT "name servers are up to eight names with a blank between, in small letters"
            CHECK (length(nameServers) BETWEEN 4 AND 2031 AND nameServers NOT GLOB '*[^a-z0-9. -]*')
        """,
        """
        ALTER TABLE tunnel ADD COLUMN publishesEndpoint INTEGER NOT NULL DEFAULT 0
            CONSTRAINT "publishesEndpoint is 0 or 1" CHECK (publishesEndpoint IN (0, 1))
        """,
    ]

    /// With what a client of TIC logs in for one tunnel alone.
    static let ticSecrets = [
        """
        ALTER TABLE tunnel ADD COLUMN ticMD5 TEXT
            CONSTRAINT "an MD5 is 32 lower-case hexadecimal digits"
            CHECK (length(ticMD5) = 32 AND ticMD5 NOT GLOB '*[^0-9a-f]*')
        """,
        """
        ALTER TABLE tunnel ADD COLUMN ticSHA256 TEXT
            CONSTRAINT "a SHA-256 is 64 lower-case hexadecimal digits"
            CHECK (length(ticSHA256) = 64 AND ticSHA256 NOT GLOB '*[^0-9a-f]*')
            CONSTRAINT "a TIC secret has both hashes or none" CHECK ((ticSHA256 IS NULL) = (ticMD5 IS NULL))
        """,
    ]

    private static let pop = """
        CREATE TABLE pop (
            id INTEGER PRIMARY KEY
                CONSTRAINT "a PoP id is a number from 1 to 4095" CHECK (id BETWEEN 1 AND 4095),
            name TEXT NOT NULL UNIQUE
                CONSTRAINT "a PoP name is five lower-case letters and two digits, such as chtst01"
                CHECK (name GLOB '[a-z][a-z][a-z][a-z][a-z][0-9][0-9]'),
            city TEXT NOT NULL DEFAULT '',
            country TEXT NOT NULL DEFAULT ''
                CONSTRAINT "a country is two capital letters, such as CH" CHECK (country = '' OR country GLOB '[A-Z][A-Z]'),
            ipv4 TEXT NOT NULL UNIQUE CONSTRAINT "a PoP has an IPv4 address" CHECK (ipv4 GLOB '*.*.*.*'),
            ipv6 TEXT NOT NULL UNIQUE CONSTRAINT "a PoP has an IPv6 address" CHECK (ipv6 GLOB '*:*'),
            sshHost TEXT
                CONSTRAINT "an SSH host is a name or an address without blanks"
                CHECK (sshHost <> '' AND sshHost NOT GLOB '* *'),
            sshPort INTEGER NOT NULL
                CONSTRAINT "an SSH port is a number from 1 to 65535" CHECK (sshPort BETWEEN 1 AND 65535),
            sshUser TEXT NOT NULL
                CONSTRAINT "an SSH user is a name without blanks" CHECK (sshUser <> '' AND sshUser NOT GLOB '* *'),
            sshKeyFile TEXT NOT NULL
                CONSTRAINT "an SSH key file is an absolute path" CHECK (sshKeyFile GLOB '/*'),
            hostKey TEXT
                CONSTRAINT "a host key is its type, a blank and base64" CHECK (hostKey GLOB '[a-z]* AAAA*'),
            control TEXT NOT NULL
                CONSTRAINT "a control address is an address and a port, such as 127.0.0.1:42003"
                CHECK (control GLOB '*:[0-9]*'),
            tunnelMTU INTEGER NOT NULL
                CONSTRAINT "an MTU is a number from 1280 to 1480" CHECK (tunnelMTU BETWEEN 1280 AND 1480),
            enabled INTEGER NOT NULL CONSTRAINT "enabled is 0 or 1" CHECK (enabled IN (0, 1))
        ) STRICT
        """

    /// Bounds are what the rules compare; the text is for people who read the table.
    private static let bounds = """
        lower BLOB NOT NULL UNIQUE CONSTRAINT "a lower bound is 16 octets" CHECK (length(lower) = 16),
        upper BLOB NOT NULL CONSTRAINT "an upper bound is 16 octets" CHECK (length(upper) = 16),
        CONSTRAINT "the bounds of a prefix are its first and last address"
            CHECK (substr(lower, 1, length / 8) = substr(upper, 1, length / 8)
                AND substr(lower, length / 8 + 1) = zeroblob(16 - length / 8)
                AND substr(upper, length / 8 + 1)
                    = substr(x'ffffffffffffffffffffffffffffffff', length / 8 + 1))
        """

    private static let prefix = """
        CREATE TABLE prefix (
            id INTEGER PRIMARY KEY,
            popID INTEGER NOT NULL REFERENCES pop (id) ON DELETE RESTRICT ON UPDATE CASCADE,
            kind TEXT NOT NULL CONSTRAINT "a prefix is for tunnel or subnet" CHECK (kind IN ('tunnel', 'subnet')),
            text TEXT NOT NULL UNIQUE,
            length INTEGER NOT NULL
                CONSTRAINT "a tunnel prefix is a /48, a subnet prefix a /40 or a /48"
                CHECK (length = 48 OR (kind = 'subnet' AND length = 40)),
            \(bounds)
        ) STRICT;
        CREATE UNIQUE INDEX prefixOfTunnels ON prefix (popID) WHERE kind = 'tunnel';
        CREATE INDEX prefixOfPoP ON prefix (popID)
        """

    /// Prefixes are disjoint, so only the one with the nearest lower bound can overlap a new one.
    private static let prefixRules = """
        CREATE TRIGGER prefixOverlap BEFORE INSERT ON prefix
        WHEN (SELECT upper FROM prefix WHERE lower <= NEW.upper ORDER BY lower DESC LIMIT 1) >= NEW.lower
        BEGIN
            SELECT RAISE(ABORT, 'the prefix overlaps another prefix of the fleet');
        END;
        CREATE TRIGGER prefixCount BEFORE INSERT ON prefix
        WHEN NEW.kind = 'subnet'
            AND (SELECT count(*) FROM prefix WHERE popID = NEW.popID AND kind = 'subnet') >= 16
        BEGIN
            SELECT RAISE(ABORT, 'a PoP has at most 16 subnet prefixes');
        END;
        CREATE TRIGGER prefixIsFixed BEFORE UPDATE OF kind, text, length, lower, upper ON prefix
        BEGIN
            SELECT RAISE(ABORT, 'a prefix is added and removed, never changed');
        END;
        CREATE TRIGGER prefixStaysWithPoP BEFORE UPDATE OF popID ON prefix
        WHEN OLD.popID <> NEW.popID AND EXISTS (SELECT 1 FROM pop WHERE id = OLD.popID)
        BEGIN
            SELECT RAISE(ABORT, 'a prefix is added and removed, never changed');
        END;
        CREATE TRIGGER prefixOfTunnelsInUse BEFORE DELETE ON prefix
        WHEN OLD.kind = 'tunnel' AND EXISTS (SELECT 1 FROM tunnel WHERE popID = OLD.popID)
        BEGIN
            SELECT RAISE(ABORT, 'the PoP has tunnels in its tunnel prefix');
        END
        """

    private static let tunnel = """
        CREATE TABLE tunnel (
            number INTEGER PRIMARY KEY AUTOINCREMENT
                CONSTRAINT "a tunnel number is at least 1 and fits 32 bits" CHECK (number BETWEEN 1 AND 4294967295),
            popID INTEGER NOT NULL REFERENCES pop (id) ON DELETE RESTRICT ON UPDATE CASCADE,
            tid INTEGER NOT NULL CONSTRAINT "a tid is 0 to 1fff" CHECK (tid BETWEEN 0 AND 8191),
            type TEXT NOT NULL
                CONSTRAINT "a tunnel type is static, heartbeat or ayiya" CHECK (type IN ('static', 'heartbeat', 'ayiya')),
            endpoint TEXT
                CONSTRAINT "a static tunnel has an endpoint, and no other has"
                CHECK ((type = 'static') = (endpoint IS NOT NULL)),
            mtu INTEGER NOT NULL CONSTRAINT "an MTU is a number from 1280 to 1480" CHECK (mtu BETWEEN 1280 AND 1480),
            password TEXT
                CONSTRAINT "a heartbeat or ayiya tunnel has a password, and no other has"
                CHECK ((type <> 'static') = (password IS NOT NULL))
                CONSTRAINT "a password has 1 to 132 octets without blanks and control characters"
                CHECK (length(CAST(password AS BLOB)) BETWEEN 1 AND 132
                    AND instr(password, char(0)) = 0
                    AND password NOT GLOB '*[' || char(1) || '-' || char(32) || char(127) || ']*'),
            enabled INTEGER NOT NULL CONSTRAINT "enabled is 0 or 1" CHECK (enabled IN (0, 1)),
            created INTEGER NOT NULL,
            changed INTEGER NOT NULL,
            UNIQUE (popID, tid)
        ) STRICT;
        CREATE UNIQUE INDEX tunnelEndpoint ON tunnel (popID, endpoint) WHERE endpoint IS NOT NULL;
        CREATE TABLE tunnelNumber (number INTEGER PRIMARY KEY) STRICT
        """

    /// `tunnelNumber` remembers every number ever given, those of removed tunnels too.
    private static let tunnelRules = """
        CREATE TRIGGER tunnelNumberOnce AFTER INSERT ON tunnel
        BEGIN
            SELECT RAISE(ABORT, 'the tunnel number was used before; numbers are never used twice')
            WHERE EXISTS (SELECT 1 FROM tunnelNumber WHERE number = NEW.number);
            INSERT INTO tunnelNumber (number) VALUES (NEW.number);
        END;
        CREATE TRIGGER tunnelNumberKept BEFORE DELETE ON tunnelNumber
        BEGIN
            SELECT RAISE(ABORT, 'tunnel numbers are never used twice, so their list only grows');
        END;
        CREATE TRIGGER tunnelNumberFixed BEFORE UPDATE ON tunnelNumber
        BEGIN
            SELECT RAISE(ABORT, 'tunnel numbers are never used twice, so their list only grows');
        END;
        CREATE TRIGGER tunnelKeepsNumber BEFORE UPDATE OF number ON tunnel WHEN OLD.number <> NEW.number
        BEGIN
            SELECT RAISE(ABORT, 'a tunnel keeps its number');
        END;
        CREATE TRIGGER tunnelNeedsPrefix BEFORE INSERT ON tunnel
        WHEN NOT EXISTS (SELECT 1 FROM prefix WHERE popID = NEW.popID AND kind = 'tunnel')
        BEGIN
            SELECT RAISE(ABORT, 'the PoP has no tunnel prefix');
        END;
        CREATE TRIGGER tunnelMove BEFORE UPDATE OF popID ON tunnel
        WHEN OLD.popID <> NEW.popID AND EXISTS (SELECT 1 FROM pop WHERE id = OLD.popID)
            AND EXISTS (SELECT 1 FROM subnet WHERE tunnel = OLD.number)
        BEGIN
            SELECT RAISE(ABORT, 'the tunnel has subnets of its PoP');
        END
        """

    private static let subnet = """
        CREATE TABLE subnet (
            id INTEGER PRIMARY KEY,
            tunnel INTEGER NOT NULL REFERENCES tunnel (number) ON DELETE RESTRICT,
            prefixID INTEGER NOT NULL REFERENCES prefix (id) ON DELETE RESTRICT,
            text TEXT NOT NULL UNIQUE,
            length INTEGER NOT NULL CONSTRAINT "a subnet is a /48 or a /56" CHECK (length IN (48, 56)),
            \(bounds)
        ) STRICT;
        CREATE INDEX subnetOfTunnel ON subnet (tunnel);
        CREATE INDEX subnetOfPrefix ON subnet (prefixID)
        """

    private static let subnetRules = """
        CREATE TRIGGER subnetOverlap BEFORE INSERT ON subnet
        WHEN (SELECT upper FROM subnet WHERE lower <= NEW.upper ORDER BY lower DESC LIMIT 1) >= NEW.lower
        BEGIN
            SELECT RAISE(ABORT, 'the subnet overlaps another subnet');
        END;
        CREATE TRIGGER subnetLiesInPrefix BEFORE INSERT ON subnet
        WHEN NOT EXISTS (
            SELECT 1 FROM prefix JOIN tunnel ON tunnel.popID = prefix.popID
            WHERE prefix.id = NEW.prefixID AND tunnel.number = NEW.tunnel AND prefix.kind = 'subnet'
                AND prefix.lower <= NEW.lower AND NEW.upper <= prefix.upper
                AND NEW.length = prefix.length + 8)
        BEGIN
            SELECT RAISE(ABORT, 'a subnet is a /48 of a /40, or a /56 of a /48, that is a subnet prefix of its PoP');
        END;
        CREATE TRIGGER subnetIsFixed BEFORE UPDATE ON subnet
        BEGIN
            SELECT RAISE(ABORT, 'a subnet is added and removed, never changed');
        END
        """

    private static let audit = """
        CREATE TABLE audit (
            revision INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL,
            author TEXT NOT NULL,
            action TEXT NOT NULL CHECK (action IN ('add', 'change', 'remove')),
            subject TEXT NOT NULL,
            before TEXT,
            after TEXT,
            CHECK ((action = 'add') = (before IS NULL) AND (action = 'remove') = (after IS NULL))
        ) STRICT;
        CREATE TRIGGER auditIsFinal BEFORE UPDATE ON audit
        BEGIN
            SELECT RAISE(ABORT, 'the audit is only ever added to');
        END;
        CREATE TRIGGER auditIsKept BEFORE DELETE ON audit
        BEGIN
            SELECT RAISE(ABORT, 'the audit is only ever added to');
        END
        """
}
