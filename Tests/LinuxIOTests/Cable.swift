import CLinux
import Glibc
import Wire

@testable import LinuxIO

/// A cable of Ethernet (veth) in the calling thread's network namespace, both of its ends there.
struct Cable {
    let near: NetworkDevice
    let far: NetworkDevice

    private static let peer = 1

    /// Lays a cable whose ends are up, without addresses of IPv6.
    init(_ netlink: inout RouteNetlink, from near: String = "near", to far: String = "far") throws {
        var request = NetlinkRequest(
            "RTM_NEWLINK",
            type: RTM_NEWLINK,
            flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
            subject: "laying \(near)"
        )
        request.append(ifinfomsg())
        request.attribute(named: near)
        request.nested(IFLA_LINKINFO) { information in
            information.nested(Int(IFLA_INFO_KIND)) { $0.append(text: "veth") }
            information.nested(Int(IFLA_INFO_DATA)) { data in
                data.nested(Self.peer) {
                    $0.append(ifinfomsg())
                    $0.attribute(named: far)
                }
            }
        }
        try netlink.change(request)
        self.near = try NetworkDevice(named: near)
        self.far = try NetworkDevice(named: far)
        // The far end first: the near one then has a carrier, and its queue, when it comes up.
        for device in [self.far, self.near] {
            try netlink.disableAddressGeneration(of: device)
            try netlink.bringUp(device)
        }
    }
}

extension NetlinkRequest {
    fileprivate mutating func append(text: String) {
        for octet in text.utf8 { self.append(octet) }
        self.append(UInt8(0))
    }

    fileprivate mutating func attribute(named name: String) {
        self.nested(IFLA_IFNAME) { $0.append(text: name) }
    }

    fileprivate mutating func attribute(_ type: Int, _ address: IPv4Address) {
        self.attribute(type, address.value.bigEndian)
    }
}

// What tests need to be done to the kernel's tables of IPv4.
extension RouteNetlink {
    mutating func setLink(_ device: NetworkDevice, isUp: Bool) throws {
        var request = NetlinkRequest("RTM_NEWLINK", type: RTM_NEWLINK, flags: NLM_F_ACK, subject: "link")
        var message = ifinfomsg()
        message.ifi_index = CInt(bitPattern: device.index)
        message.ifi_flags = isUp ? UInt32(IFF_UP) : 0
        message.ifi_change = UInt32(IFF_UP)
        request.append(message)
        try self.change(request)
    }

    mutating func removeLink(_ device: NetworkDevice) throws {
        var request = NetlinkRequest("RTM_DELLINK", type: RTM_DELLINK, flags: NLM_F_ACK, subject: "link")
        var message = ifinfomsg()
        message.ifi_index = CInt(bitPattern: device.index)
        request.append(message)
        try self.change(request)
    }

    mutating func addIPv4Address(_ address: IPv4Address, to device: NetworkDevice) throws {
        var request = NetlinkRequest(
            "RTM_NEWADDR",
            type: RTM_NEWADDR,
            flags: NLM_F_ACK | NLM_F_CREATE,
            subject: "address"
        )
        var message = ifaddrmsg()
        message.ifa_family = UInt8(AF_INET)
        message.ifa_prefixlen = 24
        message.ifa_index = device.index
        request.append(message)
        request.attribute(IFA_LOCAL, address)
        request.attribute(IFA_ADDRESS, address)
        try self.change(request)
    }

    mutating func addIPv4Route(
        to destination: IPv4Address,
        prefixLength: UInt8 = 24,
        via gateway: IPv4Address? = nil,
        through device: NetworkDevice? = nil,
        kind: Int = RTN_UNICAST,
        mtu: UInt32? = nil,
        locksMTU: Bool = false
    ) throws {
        try self.addRoute(AF_INET, prefixLength, kind, mtu: mtu, locksMTU: locksMTU) { request in
            request.attribute(Int(RTA_DST.rawValue), destination)
            if let gateway { request.attribute(Int(RTA_GATEWAY.rawValue), gateway) }
            if let device { request.attribute(Int(RTA_OIF.rawValue), device.index) }
        }
    }

    /// Adds a route of a family, to which its addresses are added.
    mutating func addRoute(
        _ family: CInt,
        _ prefixLength: UInt8,
        _ kind: Int,
        mtu: UInt32?,
        locksMTU: Bool,
        _ addAddresses: (inout NetlinkRequest) -> Void
    ) throws {
        var request = NetlinkRequest(
            "RTM_NEWROUTE",
            type: RTM_NEWROUTE,
            flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
            subject: "route"
        )
        var message = rtmsg()
        message.rtm_family = UInt8(family)
        message.rtm_dst_len = prefixLength
        message.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        message.rtm_protocol = UInt8(RTPROT_STATIC)
        message.rtm_type = UInt8(kind)
        message.rtm_scope = UInt8(kind == RTN_LOCAL ? RT_SCOPE_HOST.rawValue : RT_SCOPE_UNIVERSE.rawValue)
        request.append(message)
        addAddresses(&request)
        if let mtu {
            request.nested(Int(RTA_METRICS.rawValue)) { metrics in
                if locksMTU { metrics.attribute(Int(RTAX_LOCK), UInt32(1) << UInt32(RTAX_MTU)) }
                metrics.attribute(Int(RTAX_MTU), mtu)
            }
        }
        try self.change(request)
    }

    mutating func addNeighbour(
        _ address: IPv4Address,
        _ linkAddress: [UInt8],
        on device: NetworkDevice,
        state: CInt = CInt(NUD_PERMANENT)
    ) throws {
        try self.addNeighbour(AF_INET, linkAddress, on: device, state) {
            $0.attribute(Int(NDA_DST), address)
        }
    }

    /// Adds a neighbour of a family, to which its address is added.
    mutating func addNeighbour(
        _ family: CInt,
        _ linkAddress: [UInt8],
        on device: NetworkDevice,
        _ state: CInt,
        _ addAddress: (inout NetlinkRequest) -> Void
    ) throws {
        var request = NetlinkRequest(
            "RTM_NEWNEIGH",
            type: RTM_NEWNEIGH,
            flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
            subject: "neighbour"
        )
        var message = ndmsg()
        message.ndm_family = UInt8(family)
        message.ndm_ifindex = CInt(bitPattern: device.index)
        message.ndm_state = UInt16(state)
        request.append(message)
        addAddress(&request)
        request.nested(Int(NDA_LLADDR)) { for octet in linkAddress { $0.append(octet) } }
        try self.change(request)
    }

    mutating func addRule(table: UInt8) throws {
        var request = NetlinkRequest(
            "RTM_NEWRULE",
            type: RTM_NEWRULE,
            flags: NLM_F_ACK | NLM_F_CREATE,
            subject: "rule"
        )
        // struct fib_rule_hdr, whose action 1 is to look up a table.
        for octet in [UInt8(AF_INET), 0, 0, 0, table, 0, 0, 1] { request.append(octet) }
        request.append(UInt32(0))
        try self.change(request)
    }
}
