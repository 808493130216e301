internal import CLinux
internal import Glibc

extension RouteNetlink {
    /// Brings an interface up.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses.
    public mutating func bringUp(_ device: NetworkDevice) throws(SystemCallError) {
        let up = UInt32(IFF_UP)
        try self.change(Self.link("bringing up \(device)", device, flags: up, change: up))
    }

    /// Sets an interface's MTU.
    ///
    /// - Parameters:
    ///   - mtu: In octets; IPv6 leaves an interface whose MTU falls below 1280.
    ///   - device: The interface.
    /// - Throws: ``SystemCallError`` when the kernel refuses.
    public mutating func setMTU(_ mtu: Int, of device: NetworkDevice) throws(SystemCallError) {
        var request = Self.link("setting MTU \(mtu) of \(device)", device)
        request.attribute(IFLA_MTU, UInt32(truncatingIfNeeded: mtu))
        try self.change(request)
    }

    /// Has the kernel give an interface no link-local address by itself, and so send nothing from one.
    ///
    /// To be called before the interface comes up.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses.
    public mutating func disableAddressGeneration(of device: NetworkDevice) throws(SystemCallError) {
        var request = Self.link("disabling automatic addresses of \(device)", device)
        request.nested(IFLA_AF_SPEC) { families in
            families.nested(Int(AF_INET6)) { ipv6 in
                ipv6.attribute(IFLA_INET6_ADDR_GEN_MODE, UInt8(IN6_ADDR_GEN_MODE_NONE.rawValue))
            }
        }
        try self.change(request)
    }

    private static func link(
        _ subject: String,
        _ device: NetworkDevice,
        flags: UInt32 = 0,
        change: UInt32 = 0
    ) -> NetlinkRequest {
        var request = NetlinkRequest("RTM_NEWLINK", type: RTM_NEWLINK, flags: NLM_F_ACK, subject: subject)
        request.append(
            ifinfomsg(
                ifi_family: UInt8(AF_UNSPEC),
                __ifi_pad: 0,
                ifi_type: 0,
                ifi_index: CInt(truncatingIfNeeded: device.index),
                ifi_flags: flags,
                ifi_change: change
            )
        )
        return request
    }
}
