internal import Wire

/// Texts for BSD, macOS and Windows, static 6in4.
extension ClientFacts {
    /// Where packets leave; who moves has to say it himself.
    private var local: String { self.endpoint.map { "\($0)" } ?? "<your address>" }

    var freeBSD: [ClientText] {
        let names = self.subnets.indices.map { $0 == 0 ? "hole" : "hole\($0 + 1)" }
        let routes = zip(names, self.subnets).map { name, subnet in
            "ipv6_route_\(name)=\"\(subnet.address) -prefixlen \(subnet.length) ::1 -reject\"\n"
        }.joined()
        let list = names.isEmpty ? "" : "ipv6_static_routes=\"\(names.joined(separator: " "))\"\n"
        return [
            ClientText(
                place:
                    "Into /etc/rc.conf; what is in cloned_interfaces and ipv6_static_routes already stays there",
                text: """
                    cloned_interfaces="gif0"
                    ifconfig_gif0="tunnel \(self.local) \(self.pop) mtu \(self.mtu)"
                    ifconfig_gif0_ipv6="inet6 \(self.own) \(self.them) prefixlen 128"
                    ipv6_defaultrouter="\(self.them)"
                    ipv6_gateway_enable="YES"
                    \(list)\(routes)
                    """
            )
        ]
    }

    var openBSD: [ClientText] {
        let routes = self.eachSubnet { "!route -qn add -inet6 \($0) ::1 -reject" }
        return [
            ClientText(
                place:
                    "/etc/hostname.gif0; pf needs: pass in on egress proto 41 from \(self.pop), pass out on egress proto 41 to \(self.pop)",
                text: """
                    tunnel \(self.local) \(self.pop)
                    mtu \(self.mtu)
                    !ifconfig gif0 inet6 alias \(self.own) \(self.them) prefixlen 128
                    !route -qn add -inet6 default \(self.them)
                    \(routes)
                    """
            )
        ]
    }

    var netBSD: [ClientText] {
        [
            ClientText(
                place: "/etc/ifconfig.gif0",
                text: """
                    create
                    tunnel \(self.local) \(self.pop)
                    inet6 \(self.own) \(self.them) prefixlen 128
                    mtu \(self.mtu)
                    up
                    !route -n add -inet6 default \(self.them)

                    """
            )
        ]
    }

    var macOS: [ClientText] {
        [
            ClientText(
                place: "Commands; gone with a restart",
                text: """
                    sudo ifconfig gif0 tunnel \(self.local) \(self.pop)
                    sudo ifconfig gif0 inet6 \(self.own) \(self.them) prefixlen 128
                    sudo ifconfig gif0 mtu \(self.mtu)
                    sudo route -n add -inet6 default \(self.them)

                    """
            )
        ]
    }

    var windows: [ClientText] {
        [
            ClientText(
                place: "Commands, as administrator; behind NAT with the PC's private address as localaddress",
                text: """
                    netsh interface ipv6 add v6v4tunnel interface=sixxs localaddress=\(self.local) remoteaddress=\(self.pop)
                    netsh interface ipv6 add address interface=sixxs address=\(self.own) store=persistent
                    netsh interface ipv6 add route prefix=::/0 interface=sixxs nexthop=\(self.them) store=persistent
                    netsh interface ipv6 set subinterface interface=sixxs mtu=\(self.mtu) store=persistent

                    """
            )
        ]
    }
}
