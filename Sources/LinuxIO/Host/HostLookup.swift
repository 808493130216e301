internal import Glibc
public import Wire

/// Asks the host's resolver for the addresses of names (getaddrinfo(3)).
public enum HostLookup {
    /// Why there is no address.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// What the resolver says, in words.
        public let description: String
    }

    /// Looks a name up; may take as long as the resolver waits for servers.
    ///
    /// - Parameter name: The host's name.
    /// - Returns: Its addresses, each once, in the order in which they are to be tried (RFC 6724).
    /// - Throws: ``Failure``.
    public static func addresses(of name: String) throws(Failure) -> [IPAddress] {
        var hints = addrinfo()
        // One entry an address, and not one for each kind of socket.
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else { throw Failure(description: String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var entry = list
        while let current = entry?.pointee {
            if let address = Self.address(of: current), !addresses.contains(address) {
                addresses.append(address)
            }
            entry = current.ai_next
        }
        return addresses
    }

    private static func address(of entry: addrinfo) -> IPAddress? {
        guard let pointer = entry.ai_addr, entry.ai_family == AF_INET || entry.ai_family == AF_INET6 else {
            return nil
        }
        var address = SocketAddress()
        let length = min(Int(entry.ai_addrlen), MemoryLayout<SocketAddress>.size)
        withUnsafeMutableBytes(of: &address) { octets in
            octets.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: length))
        }
        return address.address
    }
}
