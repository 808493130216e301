internal import CLinux
internal import Glibc
internal import SystemPackage
public import Wire

extension RouteNetlink {
    /// What a look-up answers whose route leads nowhere: none, unreachable, blackhole, prohibit.
    static let routeRefusals: [Errno] = [
        .networkUnreachable, .noRouteToHost, .invalidArgument, .permissionDenied,
    ]

    static let noSuchDevice = Errno(rawValue: ENODEV)

    /// Asks which way the kernel sends what a socket sends to a host that is bound to nothing, as raw sockets are.
    ///
    /// - Parameters:
    ///   - remote: The host.
    ///   - user: Number of the user who opened the socket, which rules may go by.
    /// - Returns: The way; nil when there is none, or more to it than a neighbour on a link.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public mutating func way(to remote: IPv4Address, as user: UInt32) throws(SystemCallError) -> IPv4Way? {
        var message = rtmsg()
        message.rtm_family = UInt8(AF_INET)
        message.rtm_dst_len = 32
        var request = NetlinkRequest(
            "RTM_GETROUTE",
            type: RTM_GETROUTE,
            flags: NLM_F_ACK,
            subject: "looking up the route to \(remote)"
        )
        request.append(message)
        request.attribute(Int(RTA_DST.rawValue), remote.value.bigEndian)
        request.attribute(Int(RTA_UID.rawValue), user)
        return try self.answer(request, orNilAfter: Self.routeRefusals) { IPv4Way($0, to: remote) }
    }

    /// Looks a neighbour up.
    ///
    /// - Parameter name: The neighbour.
    /// - Returns: Its link-layer address; nil when the kernel knows none that it would send to.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public mutating func linkAddress(of name: Neighbour.Name) throws(SystemCallError) -> LinkAddress? {
        var request = NetlinkRequest(
            "RTM_GETNEIGH",
            type: RTM_GETNEIGH,
            flags: NLM_F_ACK,
            subject: "looking up neighbour \(name.address)"
        )
        var message = ndmsg()
        message.ndm_family = UInt8(AF_INET)
        message.ndm_ifindex = CInt(bitPattern: name.interface)
        request.append(message)
        request.attribute(Int(NDA_DST), name.address.value.bigEndian)
        // `EINVAL` is said of an interface that has no neighbours, `ENODEV` of one that is gone.
        let refusals: [Errno] = [.noSuchFileOrDirectory, Self.noSuchDevice, .invalidArgument]
        return try self.answer(request, orNilAfter: refusals) { Neighbour($0)?.linkAddress }
    }

    /// Looks an interface up.
    ///
    /// - Parameter interface: Its number.
    /// - Returns: What it is; nil unless it speaks Ethernet and is up.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public mutating func ethernetLink(_ interface: UInt32) throws(SystemCallError) -> EthernetLink? {
        var request = NetlinkRequest(
            "RTM_GETLINK",
            type: RTM_GETLINK,
            flags: NLM_F_ACK,
            subject: "looking at interface \(interface)"
        )
        var message = ifinfomsg()
        message.ifi_index = CInt(bitPattern: interface)
        request.append(message)
        return try self.answer(request, orNilAfter: [Self.noSuchDevice]) { EthernetLink($0) }
    }

    private mutating func answer<Value>(
        _ request: NetlinkRequest,
        orNilAfter refusals: [Errno],
        _ read: (NetlinkReply) -> Value?
    ) throws(SystemCallError) -> Value? {
        do throws(SystemCallError) {
            return try self.dump(request).lazy.compactMap(read).first
        } catch {
            guard refusals.contains(error.errno) else { throw error }
            return nil
        }
    }
}
