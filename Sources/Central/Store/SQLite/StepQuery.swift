/// SQL that finds a tunnel's rows among those of all tunnels, which lie in the order of time.
///
/// The steps that there are get looked up one after the other: there are a thousand, whatever times a clock that is ahead wrote.
enum StepQuery {
    static let ofTunnel = """
        \(steps("number >= :from", "found.number <= :to"))
        SELECT row.* FROM found CROSS JOIN tunnelStep AS row
            ON row.step = :step AND row.number = found.number AND row.tunnel = :tunnel
        WHERE found.number <= :to ORDER BY row.number
        """

    static let forgetting = """
        \(steps("TRUE", "TRUE"))
        DELETE FROM tunnelStep WHERE step = :step AND tunnel = :tunnel
            AND number IN (SELECT number FROM found WHERE number IS NOT NULL)
        """

    private static func steps(_ first: String, _ others: String) -> String {
        """
        WITH RECURSIVE found (number) AS (
            SELECT min(number) FROM tunnelStep WHERE step = :step AND \(first)
            UNION ALL
            SELECT (SELECT min(number) FROM tunnelStep WHERE step = :step AND number > found.number)
            FROM found WHERE found.number IS NOT NULL AND \(others))
        """
    }
}
