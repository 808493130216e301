/// SQL of the rules that keep a fleet's own addresses out of its tunnels (`Wire.FleetAddresses`), and addresses that name no
/// single host out of the fleet.
///
/// What was there before is left alone, and `verify` names it. That a PoP's address lies in no prefix cannot be said of texts:
/// `RegistryTransaction` asks for it, and `verify`.
enum AddressSchema {
    /// What of an address makes it none of a single host that packets can be routed to; in the canonical text, where everything
    /// in `::/32` begins with two colons.
    private static let isUnroutable4 = """
        GLOB '0.*' OR NEW.ipv4 GLOB '127.*' OR NEW.ipv4 GLOB '169.254.*'
            OR CAST(substr(NEW.ipv4, 1, instr(NEW.ipv4, '.') - 1) AS INTEGER) >= 224
        """
    private static let isUnroutable6 = "GLOB '::*' OR NEW.ipv6 GLOB 'fe[89ab]?:*' OR NEW.ipv6 GLOB 'ff??:*'"

    static let statements =
        ["insert", "update"].flatMap { event in
            Self.popRules(event) + Self.tunnelRules(event)
        } + [Self.prefixRule]

    /// After the row's own rules, which say more exactly what is wrong.
    private static func popRules(_ event: String) -> [String] {
        let columns = event == "update" ? " OF ipv4, ipv6" : ""
        let isNew = event == "update" ? "(OLD.ipv4 <> NEW.ipv4 OR OLD.ipv6 <> NEW.ipv6) AND" : ""
        return [
            """
            CREATE TRIGGER popHasHostAddresses_\(event) AFTER \(event.uppercased())\(columns) ON pop
            WHEN \(isNew) (NEW.ipv4 \(Self.isUnroutable4) OR NEW.ipv6 \(Self.isUnroutable6))
            BEGIN
                SELECT RAISE(ABORT, 'a PoP has addresses of one host, that packets can be routed to');
            END
            """,
            """
            CREATE TRIGGER popEndsNoTunnel_\(event) AFTER \(event.uppercased())\(columns) ON pop
            WHEN \(isNew) EXISTS (SELECT 1 FROM tunnel WHERE endpoint IN (NEW.ipv4, NEW.ipv6))
            BEGIN
                SELECT RAISE(ABORT, 'a tunnel ends at that address');
            END
            """,
        ]
    }

    private static func tunnelRules(_ event: String) -> [String] {
        let columns = event == "update" ? " OF endpoint" : ""
        let isNew = event == "update" ? "OLD.endpoint IS NOT NEW.endpoint AND" : ""
        return [
            """
            CREATE TRIGGER tunnelEndsAtNoPoP_\(event) AFTER \(event.uppercased())\(columns) ON tunnel
            WHEN \(isNew) EXISTS (SELECT 1 FROM pop WHERE NEW.endpoint IN (ipv4, ipv6))
            BEGIN
                SELECT RAISE(ABORT, 'no tunnel ends at a PoP''s own address');
            END
            """
        ]
    }

    /// Where a tunnel ends, in the canonical text; as for PoPs.
    static let endpoints = ["insert", "update"].map { event in
        let columns = event == "update" ? " OF endpoint" : ""
        let isNew = event == "update" ? "OLD.endpoint IS NOT NEW.endpoint AND" : ""
        let isIPv6 = "NEW.endpoint GLOB '*:*'"
        let four = Self.isUnroutable4.replacing("NEW.ipv4", with: "NEW.endpoint")
        let six = Self.isUnroutable6.replacing("NEW.ipv6", with: "NEW.endpoint")
        return """
            CREATE TRIGGER tunnelEndsAtAHost_\(event) AFTER \(event.uppercased())\(columns) ON tunnel
            WHEN \(isNew) NEW.endpoint IS NOT NULL AND (
                \(isIPv6) AND (NEW.endpoint \(six))
                OR NOT \(isIPv6) AND (NEW.endpoint \(four)
                    OR NEW.endpoint GLOB '0[0-9]*' OR NEW.endpoint GLOB '*.0[0-9]*'))
            BEGIN
                SELECT RAISE(ABORT, 'a tunnel ends at the address of one host, that packets can be routed to');
            END
            """
    }

    private static let prefixRule = """
        CREATE TRIGGER prefixIsRoutable AFTER INSERT ON prefix
        WHEN substr(NEW.lower, 1, 1) IN (x'00', x'ff') OR substr(NEW.lower, 1, 2) BETWEEN x'fe80' AND x'febf'
        BEGIN
            SELECT RAISE(ABORT, 'a prefix is of unicast addresses that can be routed');
        END
        """
}
