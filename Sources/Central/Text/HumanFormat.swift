package import Foundation

/// Numbers as people read them.
package enum HumanFormat {
    /// `3 d 04:05`, from seconds.
    package static func uptime(_ seconds: Int) -> String {
        let hours = seconds / 3600 % 24
        let minutes = seconds / 60 % 60
        return "\(seconds / 86400) d \(Self.twoDigits(hours)):\(Self.twoDigits(minutes))"
    }

    private static func twoDigits(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }

    /// `1.4 GiB`, from octets.
    package static func octets(_ count: some BinaryInteger) -> String {
        var value = Double(count)
        for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
            if value < 1024 { return Self.rounded(value) + " " + unit }
            value /= 1024
        }
        return Self.rounded(value) + " PiB"
    }

    /// One decimal below ten, none from there on.
    package static func rounded(_ value: Double) -> String {
        guard value < 10, value != value.rounded() else { return "\(Int64(saturating: value))" }
        return "\((value * 10).rounded() / 10)"
    }

    /// `3 min ago`.
    package static func age(_ time: Date, now: Date) -> String {
        let seconds = max(0, Int64(saturating: now.timeIntervalSince(time).rounded(.down)))
        switch seconds {
        case ..<120: return "\(seconds) s ago"
        case ..<7200: return "\(seconds / 60) min ago"
        case ..<172_800: return "\(seconds / 3600) h ago"
        default: return "\(seconds / 86400) d ago"
        }
    }

    /// `1.4 Mbit/s`.
    package static func bitRate(_ bitsPerSecond: Int64) -> String {
        var value = Double(bitsPerSecond)
        for unit in ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"] {
            if value < 1000 { return Self.rounded(value) + " " + unit }
            value /= 1000
        }
        return Self.rounded(value) + " Tbit/s"
    }
}
