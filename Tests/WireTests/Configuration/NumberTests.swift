import Testing

@testable import Wire

/// Every number of `sixxsd.conf` and of the control port's commands, with each extreme.
@Suite("Numbers of the configuration")
struct NumberTests {
    static let extremes = [
        "-9223372036854775808", "-1", "4294967296", "9223372036854775807", "9223372036854775808",
        "18446744073709551616", "99999999999999999999999999", "1e3", "0x10", "１", "",
    ]

    /// Lines with `N` where a number belongs.
    static let lines = [
        "pop set id N", "pop set details N chtst01 192.0.2.1 2001:db8::1", "pop set beat-timeout N",
        "pop set icmp-rate N 1 1", "pop set icmp-rate 1 N 1", "pop set icmp-rate 1 1 N",
        "pop tunnelprefix add 2001:db8::/N", "pop subnetprefix add 2001:db8::/N",
        "pop cliacl add 192.0.2.0/N",
        "pop cliacl add 2001:db8::/N", "tunnel set config N T1 198.51.100.7 up 1280",
        "tunnel set config 1 TN 198.51.100.7 up 1280", "tunnel set config 1 T1 198.51.100.7 up N",
        "tunnel set config 1 T1 ayiya up 1280 new old until N", "subnet set config 2001:db8::/N 1 static",
        "subnet set config 2001:db8:1::/48 N static",
    ]

    @Test(arguments: lines)
    func areJudgedWhereTheyAreRead(_ line: String) {
        for extreme in Self.extremes {
            let text = line.replacing("N", with: extreme)
            #expect(throws: ConfigurationError.self, "\(text)") {
                try Configuration(parsing: text, file: "f")
            }
        }
    }

    @Test(arguments: extremes)
    func noTimeIsBeyondTheCalendar(_ text: String) {
        #expect(UTCTime(seconds: text).map { (0...253_402_300_799).contains($0.seconds) } ?? true)
        #expect(UTCTime(iso8601: text) == nil)
    }
}
