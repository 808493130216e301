extension UTCTime {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The time as headers of HTTP have it, `Sun, 31 Jan 2027 12:00:00 GMT` (RFC 9110 §5.6.7).
    public var httpDate: String {
        let text = self.description
        let parts = text.split { !$0.isNumber }
        // 1 January 1970 was a Thursday.
        let weekday = Self.weekdays[Int(self.seconds / 86_400 % 7)]
        let month = Self.months[(Int(parts[1]) ?? 1) - 1]
        return "\(weekday), \(parts[2]) \(month) \(parts[0]) \(parts[3]):\(parts[4]):\(parts[5]) GMT"
    }
}
