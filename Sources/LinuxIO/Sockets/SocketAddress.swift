internal import Glibc
internal import Wire

/// Socket addresses of both families in the same 28 octets, so that batches hold them in one array.
///
/// `sockaddr_in` is family, port, address; `sockaddr_in6` is family, port, flow information, address, scope.
/// Both begin alike, and a `sockaddr_in` is the shorter one.
typealias SocketAddress = sockaddr_in6

private enum Offset {
    static let family = 0
    static let port = 2
    static let ipv4Address = 4
    static let ipv6Address = 8
}

extension SocketAddress {
    /// Creates the socket address of an endpoint.
    init(_ address: IPAddress, port: UInt16) {
        self.init()
        self.set(address, port: port)
    }

    /// Creates the address that binds to all addresses of the host.
    init(anyOf family: AddressFamily, port: UInt16) {
        switch family {
        case .ipv4: self.init(.ipv4(IPv4Address(0)), port: port)
        case .ipv6: self.init(.ipv6(.unspecified), port: port)
        }
    }

    /// The address of a family by which a host speaks to itself.
    init(loopbackOf family: AddressFamily, port: UInt16) {
        switch family {
        case .ipv4: self.init(.ipv4(IPv4Address(127, 0, 0, 1)), port: port)
        case .ipv6: self.init(.ipv6(IPv6Address(high: 0, low: 1)), port: port)
        }
    }

    /// Overwrites this address with another endpoint's.
    mutating func set(_ address: IPAddress, port: UInt16) {
        withUnsafeMutableBytes(of: &self) { octets in
            octets.storeBytes(of: port.bigEndian, toByteOffset: Offset.port, as: UInt16.self)
            octets.storeBytes(of: 0, toByteOffset: Offset.ipv4Address, as: UInt32.self)
            switch address {
            case .ipv4(let address):
                octets.storeBytes(of: sa_family_t(AF_INET), toByteOffset: Offset.family, as: sa_family_t.self)
                octets.storeBytes(
                    of: address.value.bigEndian,
                    toByteOffset: Offset.ipv4Address,
                    as: UInt32.self
                )
            case .ipv6(let address):
                octets.storeBytes(
                    of: sa_family_t(AF_INET6),
                    toByteOffset: Offset.family,
                    as: sa_family_t.self
                )
                octets.storeBytes(
                    of: address.high.bigEndian,
                    toByteOffset: Offset.ipv6Address,
                    as: UInt64.self
                )
                octets.storeBytes(
                    of: address.low.bigEndian,
                    toByteOffset: Offset.ipv6Address + 8,
                    as: UInt64.self
                )
            }
        }
    }

    /// The length that the kernel wants to be told for an address of this family.
    var length: socklen_t {
        let isIPv4 = self.sin6_family == sa_family_t(AF_INET)
        return socklen_t(isIPv4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
    }

    /// The port, in host order.
    var port: UInt16 { UInt16(bigEndian: self.sin6_port) }

    /// The address, an IPv4-mapped one unmapped.
    var address: IPAddress {
        withUnsafeBytes(of: self) { octets in
            if self.sin6_family == sa_family_t(AF_INET) {
                let value = octets.loadUnaligned(fromByteOffset: Offset.ipv4Address, as: UInt32.self)
                return .ipv4(IPv4Address(UInt32(bigEndian: value)))
            }
            return IPAddress(networkOrder: octets, at: Offset.ipv6Address)
        }
    }

    /// Lends the address to a call in the form that the socket interface wants.
    func withPointer<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        withUnsafePointer(to: self) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, self.length) }
        }
    }
}

extension IPAddress {
    /// Reads the 16 octets of an IPv6 address, an IPv4-mapped one unmapped.
    init(networkOrder octets: UnsafeRawBufferPointer, at offset: Int) {
        let high = UInt64(bigEndian: octets.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let low = UInt64(bigEndian: octets.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
        if high == 0, low >> 32 == 0xffff {
            self = .ipv4(IPv4Address(UInt32(truncatingIfNeeded: low)))
        } else {
            self = .ipv6(IPv6Address(high: high, low: low))
        }
    }
}
