import CLinux
import Glibc
import Wire

@testable import LinuxIO

// What tests need to be done to the kernel's tables of IPv6.
extension RouteNetlink {
    mutating func addIPv6Route(
        to destination: IPv6Prefix,
        via gateway: IPv6Address? = nil,
        through device: NetworkDevice? = nil,
        kind: Int = RTN_UNICAST,
        mtu: UInt32? = nil,
        locksMTU: Bool = false
    ) throws {
        var request = NetlinkRequest(
            "RTM_NEWROUTE",
            type: RTM_NEWROUTE,
            flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
            subject: "route"
        )
        var message = rtmsg()
        message.rtm_family = UInt8(AF_INET6)
        message.rtm_dst_len = UInt8(destination.length)
        message.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        message.rtm_protocol = UInt8(RTPROT_STATIC)
        message.rtm_type = UInt8(kind)
        request.append(message)
        request.attribute(Int(RTA_DST.rawValue), destination.address)
        if let gateway { request.attribute(Int(RTA_GATEWAY.rawValue), gateway) }
        if let device { request.attribute(Int(RTA_OIF.rawValue), device.index) }
        if let mtu {
            request.nested(Int(RTA_METRICS.rawValue)) { metrics in
                if locksMTU { metrics.attribute(Int(RTAX_LOCK), UInt32(1) << UInt32(RTAX_MTU)) }
                metrics.attribute(Int(RTAX_MTU), mtu)
            }
        }
        try self.change(request)
    }

    mutating func addNeighbour(
        _ address: IPv6Address,
        _ linkAddress: [UInt8],
        on device: NetworkDevice
    ) throws {
        var request = NetlinkRequest(
            "RTM_NEWNEIGH",
            type: RTM_NEWNEIGH,
            flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
            subject: "neighbour"
        )
        var message = ndmsg()
        message.ndm_family = UInt8(AF_INET6)
        message.ndm_ifindex = CInt(bitPattern: device.index)
        message.ndm_state = UInt16(NUD_PERMANENT)
        request.append(message)
        request.attribute(Int(NDA_DST), address)
        request.nested(Int(NDA_LLADDR)) { for octet in linkAddress { $0.append(octet) } }
        try self.change(request)
    }
}
