/// Headers of HTTP that are read by hand.
public enum HTTPHeaderText {
    /// Octets of a host's name with its port; names of DNS have at most 253.
    private static let longestHost = 262

    /// Whether the header `Host` can name a host: a name or an address, perhaps with a port (RFC 9110 §7.2).
    public static func isHost(_ text: String) -> Bool {
        let octets = text.utf8
        return !octets.isEmpty && octets.count <= Self.longestHost
            && octets.allSatisfy { octet in
                switch octet {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."),
                    UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "["),
                    UInt8(ascii: "]"):
                    true
                default: false
                }
            }
    }

    /// Finds a cookie in the header `Cookie`.
    ///
    /// - Parameters:
    ///   - name: What it is called.
    ///   - header: The header's value.
    /// - Returns: Its value, of those that are called the same the first: browsers send the one of the longest path
    ///   first; nil when it is not there.
    public static func cookie(_ name: String, in header: String) -> String? {
        for part in header.split(separator: ";") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if sides.count == 2, sides[0].withoutOuterBlanks == name { return sides[1].withoutOuterBlanks }
        }
        return nil
    }
}
