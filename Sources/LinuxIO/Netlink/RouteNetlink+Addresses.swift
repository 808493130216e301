internal import CLinux
internal import Glibc
public import Wire

extension RouteNetlink {
    /// Gives an interface an IPv6 address, usable at once: without duplicate address detection.
    ///
    /// An address that the interface has already stays.
    ///
    /// - Parameters:
    ///   - address: The address.
    ///   - prefixLength: How many of its bits the link shares; a route to them comes with the address.
    ///   - device: The interface.
    /// - Throws: ``SystemCallError`` when the kernel refuses.
    public mutating func addAddress(
        _ address: IPv6Address,
        prefixLength: Int,
        to device: NetworkDevice
    ) throws(SystemCallError) {
        var request = NetlinkRequest(
            "RTM_NEWADDR",
            type: RTM_NEWADDR,
            flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
            subject: "adding address \(address)/\(prefixLength) dev \(device)"
        )
        Self.describe(address, prefixLength, device, in: &request)
        request.attribute(IFA_FLAGS, UInt32(IFA_F_NODAD))
        try self.change(request)
    }

    /// Takes an IPv6 address from an interface.
    ///
    /// - Parameters:
    ///   - address: The address.
    ///   - prefixLength: As it was added with.
    ///   - device: The interface.
    /// - Throws: ``SystemCallError`` when the interface doesn't have it.
    public mutating func removeAddress(
        _ address: IPv6Address,
        prefixLength: Int,
        from device: NetworkDevice
    ) throws(SystemCallError) {
        var request = NetlinkRequest(
            "RTM_DELADDR",
            type: RTM_DELADDR,
            flags: NLM_F_ACK,
            subject: "removing address \(address)/\(prefixLength) dev \(device)"
        )
        Self.describe(address, prefixLength, device, in: &request)
        try self.change(request)
    }

    private static func describe(
        _ address: IPv6Address,
        _ prefixLength: Int,
        _ device: NetworkDevice,
        in request: inout NetlinkRequest
    ) {
        request.append(
            ifaddrmsg(
                ifa_family: UInt8(AF_INET6),
                ifa_prefixlen: UInt8(clamping: prefixLength),
                ifa_flags: 0,
                ifa_scope: UInt8(RT_SCOPE_UNIVERSE.rawValue),
                ifa_index: device.index
            )
        )
        request.attribute(IFA_LOCAL, address)
        request.attribute(IFA_ADDRESS, address)
    }
}
