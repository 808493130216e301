extension Words {
    /// Takes the next word as a time: seconds since 1970, or a date and time of ISO 8601 in UTC.
    ///
    /// - Returns: Seconds since 1970.
    /// - Throws: ``Failure`` at the end of the line, or when the word is neither.
    public mutating func nextTime() throws(Failure) -> Int64 {
        let expected = "a time, in seconds since 1970 or as in 2027-01-31T12:00:00Z"
        return try self.next(expecting: expected) { text in
            UTCTime(seconds: text)?.seconds ?? UTCTime(iso8601: text)?.seconds
        }
    }
}
