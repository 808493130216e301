/// Values of the IPv4 protocol and IPv6 next header fields that this program knows (IANA protocol numbers).
public enum ProtocolNumber {
    /// Hop-by-hop options (RFC 8200 §4.3).
    public static let hopByHopOptions: UInt8 = 0
    /// ICMP for IPv4 (RFC 792).
    public static let icmpv4: UInt8 = 1
    /// IPv4 inside (RFC 2003).
    public static let ipv4: UInt8 = 4
    /// TCP (RFC 9293).
    public static let tcp: UInt8 = 6
    /// UDP (RFC 768).
    public static let udp: UInt8 = 17
    /// IPv6 inside (RFC 4213, RFC 2473).
    public static let ipv6: UInt8 = 41
    /// Routing header (RFC 8200 §4.4).
    public static let routing: UInt8 = 43
    /// Fragment header (RFC 8200 §4.5).
    public static let fragment: UInt8 = 44
    /// GRE (RFC 2784).
    public static let gre: UInt8 = 47
    /// Encapsulating security payload (RFC 4303).
    public static let encryptedPayload: UInt8 = 50
    /// Authentication header (RFC 4302).
    public static let authentication: UInt8 = 51
    /// ICMPv6 (RFC 4443).
    public static let icmpv6: UInt8 = 58
    /// Nothing follows (RFC 8200 §4.7).
    public static let noNextHeader: UInt8 = 59
    /// Destination options (RFC 8200 §4.6).
    public static let destinationOptions: UInt8 = 60

    /// Whether a next header value names an extension header that can be stepped over.
    static func isExtensionHeader(_ number: UInt8) -> Bool {
        switch number {
        case Self.hopByHopOptions, Self.routing, Self.destinationOptions, Self.fragment, Self.authentication:
            true
        default: false
        }
    }
}
