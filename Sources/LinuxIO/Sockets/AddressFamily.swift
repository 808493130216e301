internal import Glibc
public import Wire

/// Which version of IP a socket speaks.
public enum AddressFamily: Hashable, Sendable, CaseIterable {
    /// IPv4.
    case ipv4
    /// IPv6.
    case ipv6

    /// The family of an address.
    public init(of address: IPAddress) {
        switch address {
        case .ipv4: self = .ipv4
        case .ipv6: self = .ipv6
        }
    }

    /// `AF_INET` or `AF_INET6`.
    var domain: CInt {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        }
    }
}

extension AddressFamily: CustomStringConvertible {
    /// `IPv4` or `IPv6`.
    public var description: String {
        switch self {
        case .ipv4: "IPv4"
        case .ipv6: "IPv6"
        }
    }
}
