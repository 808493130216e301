import Wire

@testable import LinuxIO

/// What `<linux/rtnetlink.h>` and its like call the messages and attributes that are read.
private enum Number {
    static let socketDiagnosis = 20
    static let newLink = 16, newRoute = 24, deleteRoute = 25, newNeighbour = 28, deleteNeighbour = 29
    static let newAddress = 20, localAddress = 2
    static let ipv4: UInt8 = 2, ipv6: UInt8 = 10, unicast: UInt8 = 1
    static let routeDestination = 1, routeInterface = 4, routeGateway = 5, routeMetrics = 8, metricMTU = 2,
        routeCacheInformation = 12
    static let neighbourAddress = 1, neighbourLinkAddress = 2
    static let linkMTU = 4
    static let isUp: UInt32 = 1, isReachable: UInt16 = 2, ethernet: UInt16 = 1
}

/// Whatever a message means to a reader is within its range, and means the same when it is written and read again.
func checkReaders(_ reply: NetlinkReply) throws(BrokenPromise) {
    try checkNeighbour(reply)
    try checkLink(reply)
    try checkWay(reply)
    try checkRouteMTU(reply)
    try checkRouteChange(reply)
    try checkOwnRoute(reply)
    try checkSocketPair(reply)
    try checkRouteEntry(reply)
    try checkLinkState(reply)
    try checkInterfaceAddress(reply)
}

private func checkSocketPair(_ reply: NetlinkReply) throws(BrokenPromise) {
    guard let pair = SocketPair(reply) else { return }
    try require(reply.type == Number.socketDiagnosis, "sockets are in messages about sockets")
    let holder = SocketHolder(reply, of: pair)
    try require((holder == nil) == SocketPair.isListening(reply), "who listens is not who is connected")
    try require(holder != .notHere, "what the kernel shows is there")
    if holder != nil {
        let inode = hostNumber(reply.body.dropFirst(68), 4)
        try require((holder == .nobody) == (inode == 0), "what nobody holds has no inode, whatever the user")
    }
    let another = SocketPair(pair.other, Endpoint(pair.end.address, port: pair.end.port ^ 1))
    try require(SocketHolder(reply, of: another) == nil, "an answer is about one connection")
    // The question about it names the same: ports and addresses stand four octets further on.
    let question = NetlinkReply.messages(in: pair.request.encoded(sequence: 1)).first?.body ?? []
    try require(question.count == SocketPair.Length.request, "a question has its length")
    let isMapped = reply.body.first == 10 && pair.request.octets[16] == 2
    guard !isMapped else { return }
    let (asked, said) = (question.dropFirst(8).prefix(4), reply.body.dropFirst(4).prefix(4))
    try require(Array(asked) == Array(said), "the ports are in network order in both")
}

private func checkNeighbour(_ reply: NetlinkReply) throws(BrokenPromise) {
    let isOfThem = [Number.newNeighbour, Number.deleteNeighbour].contains(Int(reply.type))
    let neighbour = Neighbour(reply)
    if isOfThem {
        let change = neighbour.map { RouteChange.neighbour($0) }
        try require(RouteChange(reply) == change, "a neighbour's message is a change of that neighbour")
    }
    guard let neighbour else { return }
    try require(isOfThem, "neighbours are in messages about neighbours")
    if let address = neighbour.linkAddress {
        try require(reply.type == Number.newNeighbour, "who is gone has no link-layer address")
        try require(address.value < 1 << 48 && address.description.utf8.count == 17, "EUI-48")
    }
    let again = message(Number.newNeighbour) { request in
        for octet in [Number.ipv4, 0, 0, 0] { request.append(octet) }
        request.append(neighbour.name.interface)
        request.append(Number.isReachable)
        request.append(UInt16(0))
        request.attribute(Number.neighbourAddress, neighbour.name.address.value.bigEndian)
        guard let address = neighbour.linkAddress else { return }
        request.nested(Number.neighbourLinkAddress) { for index in 0..<6 { $0.append(address.octet(index)) } }
    }
    try require(again.flatMap { Neighbour($0) } == neighbour, "\(neighbour) again")
}

private func checkLink(_ reply: NetlinkReply) throws(BrokenPromise) {
    guard let link = EthernetLink(reply) else { return }
    try require(reply.type == Number.newLink, "links are in messages about links")
    try require((0...Int(UInt32.max)).contains(link.mtu), "an MTU has 32 bits")
    let again = message(Number.newLink) { request in
        for number in [0, Number.ethernet] { request.append(number) }
        for number in [0, Number.isUp, 0] { request.append(number) }
        request.attribute(Number.linkMTU, UInt32(truncatingIfNeeded: link.mtu))
    }
    try require(again.flatMap { EthernetLink($0) } == link, "\(link) again")
}

private func checkWay(_ reply: NetlinkReply) throws(BrokenPromise) {
    let hosts = [IPv4Address(203, 0, 113, 10), IPv4Address(198, 51, 100, 20)]
    let ways = hosts.map { IPv4Way(reply, to: $0) }
    guard let way = ways[0], let other = ways[1] else {
        try require(ways[0] == nil && ways[1] == nil, "whether there is a way does not depend on the host")
        return
    }
    try require(reply.type == Number.newRoute, "ways are in messages about routes")
    try require(
        way.interface == other.interface && way.mtu == other.mtu,
        "only the neighbour may be the host"
    )
    let isDirect = way.neighbour == hosts[0] && other.neighbour == hosts[1]
    try require(isDirect || way.neighbour == other.neighbour, "a neighbour is a gateway or the host")
    if let mtu = way.mtu { try require((1...Int(UInt32.max)).contains(mtu), "an MTU is no 0") }
    let again = message(Number.newRoute) { request in
        request.appendRoute(of: Number.ipv4, length: 32)
        request.attribute(Number.routeInterface, way.interface)
        request.attribute(Number.routeGateway, way.neighbour.value.bigEndian)
        // struct rta_cacheinfo: the third word says when the route expires.
        if way.isMTULearnt {
            request.attribute(Number.routeCacheInformation, SIMD8<UInt32>(0, 0, 1, 0, 0, 0, 0, 0))
        }
        guard let mtu = way.mtu else { return }
        request.nested(Number.routeMetrics) {
            $0.attribute(Number.metricMTU, UInt32(truncatingIfNeeded: mtu))
        }
    }
    try require(again.flatMap { IPv4Way($0, to: hosts[0]) } == way, "\(way) again")
}

private func checkRouteMTU(_ reply: NetlinkReply) throws(BrokenPromise) {
    guard let mtu = RouteMTU(reply) else { return }
    try require(reply.type == Number.newRoute, "sizes of routes are in messages about routes")
    try require(mtu != .noRoute, "a message is about a route")
    if case .limited(let octets) = mtu {
        try require((1...Int(UInt32.max)).contains(octets), "an MTU is no 0")
    }
    let again = message(Number.newRoute) { request in
        request.appendRoute(of: Number.ipv4, length: 32)
        guard case .limited(let octets) = mtu else { return }
        request.nested(Number.routeMetrics) {
            $0.attribute(Number.metricMTU, UInt32(truncatingIfNeeded: octets))
        }
    }
    try require(again.flatMap { RouteMTU($0) } == mtu, "\(mtu) again")
}

private func checkRouteChange(_ reply: NetlinkReply) throws(BrokenPromise) {
    guard let change = RouteChange(reply) else { return }
    try require((16...105).contains(reply.type), "changes are in messages of rtnetlink")
    if case .ipv6Route(let prefix) = change { return try checkIPv6RouteChange(change, prefix) }
    guard case .route(let address, let length) = change else {
        try require(change.concerns(IPv4Address(0)), "what is no route may concern everyone")
        return
    }
    try require(
        [Number.newRoute, Number.deleteRoute].contains(Int(reply.type)),
        "routes are in messages about them"
    )
    try require((0...32).contains(length), "a prefix has up to 32 bits")
    try require(change.concerns(address), "a route concerns its own address")
    let far = IPv4Address(address.value ^ 0x8000_0000)
    try require(change.concerns(far) == (length == 0), "the first bit counts unless there is none")
    let again = message(Number.newRoute) { request in
        request.appendRoute(of: Number.ipv4, length: UInt8(truncatingIfNeeded: length))
        request.attribute(Number.routeDestination, address.value.bigEndian)
    }
    try require(again.flatMap { RouteChange($0) } == change, "\(change) again")
}

private func checkIPv6RouteChange(
    _ change: RouteChange,
    _ prefix: IPv6Prefix
) throws(BrokenPromise) {
    try require((0...128).contains(prefix.length), "a prefix has up to 128 bits")
    try require(change.concerns(.ipv6(prefix.address)), "a route concerns its own address")
    let far = IPv6Address(high: prefix.address.high ^ 1 << 63, low: prefix.address.low)
    try require(
        change.concerns(.ipv6(far)) == (prefix.length == 0),
        "the first bit counts unless there is none"
    )
    try require(!change.concerns(.ipv4(IPv4Address(0))), "a route of IPv6 concerns nobody of IPv4")
    let again = message(Number.newRoute) { request in
        request.appendRoute(of: Number.ipv6, length: UInt8(truncatingIfNeeded: prefix.length))
        request.attribute(Number.routeDestination, prefix.address)
    }
    try require(again.flatMap { RouteChange($0) } == change, "\(change) again")
}

private func checkOwnRoute(_ reply: NetlinkReply) throws(BrokenPromise) {
    guard let loopback = try? NetworkDevice(named: "lo"),
        let entry = IPv6RouteEntry(reply)
    else { return }
    let route = IPv6Route(
        to: entry.destination,
        via: entry.gateway,
        device: loopback,
        metric: entry.metric
    )
    let request = RouteNetlink.request("", Number.newRoute, flags: 0, subject: "", route: route)
    let again = NetlinkReply.messages(in: request.encoded(sequence: 1)).first.flatMap { IPv6RouteEntry($0) }
    try require(again?.isSame(as: route) == true, "\(route) again")
}

private func checkRouteEntry(_ reply: NetlinkReply) throws(BrokenPromise) {
    guard let entry = IPv6RouteEntry(reply) else { return }
    try require(reply.type == Number.newRoute, "routes are in messages about routes")
    try require((0...128).contains(entry.destination.length), "a prefix has up to 128 bits")
    try require(entry.isDefault == (entry.destination.length == 0), "the default route has no bits")
}

private func checkLinkState(_ reply: NetlinkReply) throws(BrokenPromise) {
    guard let state = LinkState(reply) else { return }
    try require(reply.type == Number.newLink, "links are in messages about links")
    try require((0...Int(UInt32.max)).contains(state.mtu), "an MTU has 32 bits")
    if let link = EthernetLink(reply) {
        try require(state.isUp && link.mtu == state.mtu, "what speaks Ethernet and is up, is up")
    }
}

private func checkInterfaceAddress(_ reply: NetlinkReply) throws(BrokenPromise) {
    guard let found = InterfaceAddress(reply) else { return }
    try require(reply.type == Number.newAddress, "addresses are in messages about addresses")
    try require((0...128).contains(found.prefixLength), "a prefix has up to 128 bits")
    let again = message(Number.newAddress) { request in
        for octet in [Number.ipv6, UInt8(truncatingIfNeeded: found.prefixLength), 0, 0] {
            request.append(octet)
        }
        request.append(found.interface)
        request.attribute(Number.localAddress, found.address)
    }
    try require(again.flatMap { InterfaceAddress($0) } == found, "\(found) again")
}

private func message(_ type: Int, _ body: (inout NetlinkRequest) -> Void) -> NetlinkReply? {
    var request = NetlinkRequest("", type: type, flags: 0, subject: "")
    body(&request)
    return NetlinkReply.messages(in: request.encoded(sequence: 1)).first
}

extension NetlinkRequest {
    /// Appends a `struct rtmsg` of a unicast route.
    fileprivate mutating func appendRoute(of family: UInt8, length: UInt8) {
        for octet in [family, length, 0, 0, 0, 0, 0, Number.unicast] { self.append(octet) }
        self.append(UInt32(0))
    }
}
