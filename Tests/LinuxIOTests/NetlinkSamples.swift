import CLinux
import Glibc
import Wire

@testable import LinuxIO

/// A datagram of every kind that is read, as the kernel writes them.
enum NetlinkSamples {
    static var all: [[UInt8]] {
        [
            Self.route, Self.neighbour, Self.link, Self.ownRoute, Self.address,
            Self.error(-EEXIST, saying: "exists"),
        ]
    }

    static var route: [UInt8] {
        Self.message(RTM_NEWROUTE) { request in
            var header = rtmsg()
            (header.rtm_family, header.rtm_dst_len, header.rtm_type) = (UInt8(AF_INET), 24, 1)
            request.append(header)
            request.attribute(Int(RTA_DST.rawValue), UInt32(0xcb00_7100).bigEndian)
            request.attribute(Int(RTA_OIF.rawValue), UInt32(2))
            request.attribute(Int(RTA_GATEWAY.rawValue), UInt32(0xc000_0202).bigEndian)
            request.nested(Int(RTA_METRICS.rawValue)) { $0.attribute(Int(RTAX_MTU), UInt32(1400)) }
        }
    }

    static var neighbour: [UInt8] {
        Self.message(RTM_NEWNEIGH) { request in
            var header = ndmsg()
            (header.ndm_family, header.ndm_ifindex) = (UInt8(AF_INET), 2)
            header.ndm_state = UInt16(NUD_STALE)
            request.append(header)
            request.attribute(Int(NDA_DST), UInt32(0xc000_0202).bigEndian)
            request.nested(Int(NDA_LLADDR)) { for octet in 1...6 { $0.append(UInt8(octet)) } }
        }
    }

    static var link: [UInt8] {
        Self.message(RTM_NEWLINK) { request in
            var header = ifinfomsg()
            (header.ifi_type, header.ifi_index, header.ifi_flags) = (1, 2, UInt32(IFF_UP))
            request.append(header)
            request.nested(IFLA_IFNAME) { for octet in "near\0".utf8 { $0.append(octet) } }
            request.attribute(IFLA_MTU, UInt32(1500))
        }
    }

    /// A route of ours through loopback, which has the number 1 everywhere.
    static var ownRoute: [UInt8] {
        Self.message(RTM_NEWROUTE) { request in
            var header = rtmsg()
            (header.rtm_family, header.rtm_dst_len) = (UInt8(AF_INET6), 48)
            header.rtm_protocol = RouteNetlink.routeProtocol
            request.append(header)
            request.attribute(Int(RTA_DST.rawValue), IPv6Address(high: 0x2001_0db8_02ff_0000, low: 0))
            request.attribute(Int(RTA_OIF.rawValue), UInt32(1))
            request.attribute(Int(RTA_PRIORITY.rawValue), UInt32(1024))
        }
    }

    static var address: [UInt8] {
        Self.message(RTM_NEWADDR) { request in
            var header = ifaddrmsg()
            (header.ifa_family, header.ifa_prefixlen, header.ifa_index) = (UInt8(AF_INET6), 64, 2)
            request.append(header)
            request.attribute(IFA_ADDRESS, IPv6Address(high: 0x2001_0db8_02ff_0001, low: 2))
            request.attribute(IFA_FLAGS, UInt32(IFA_F_NODAD))
        }
    }

    /// What refuses a request, the request itself left out.
    static func error(_ number: Int32, saying words: String) -> [UInt8] {
        let flags = NLM_F_CAPPED | NLM_F_ACK_TLVS
        return Self.message(Int(NLMSG_ERROR), flags: flags) { request in
            request.append(number)
            for number: UInt32 in [36, 0, 1, 0] { request.append(number) }
            request.nested(Int(NLMSGERR_ATTR_MSG.rawValue)) { text in
                for octet in words.utf8 { text.append(octet) }
                text.append(UInt8(0))
            }
        }
    }

    private static func message(
        _ type: Int,
        flags: CInt = 0,
        _ body: (inout NetlinkRequest) -> Void
    ) -> [UInt8] {
        var request = NetlinkRequest("", type: type, flags: flags, subject: "")
        body(&request)
        return request.encoded(sequence: 1)
    }
}
