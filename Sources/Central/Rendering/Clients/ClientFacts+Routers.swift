internal import Wire

/// Texts for routers, static 6in4.
extension ClientFacts {
    var openWrt: [ClientText] {
        let prefixes = self.eachSubnet { "\tlist ip6prefix '\($0)'" }
        return [
            ClientText(
                place:
                    "Into /etc/config/network, then: service network restart. In config interface 'lan': option ip6assign '64', option ip6hint '1'",
                text: """
                    config interface 'sixxs'
                    \toption proto '6in4'
                    \toption peeraddr '\(self.pop)'
                    \toption ip6addr '\(self.own)/64'
                    \(prefixes)\toption mtu '\(self.mtu)'
                    \toption ttl '64'

                    """
            ),
            ClientText(
                place: "Into /etc/config/firewall, where sixxs goes into the zone wan",
                text: """
                    config rule
                    \toption name 'Allow-6in4'
                    \toption src 'wan'
                    \toption src_ip '\(self.pop)'
                    \toption proto '41'
                    \toption family 'ipv4'
                    \toption target 'ACCEPT'

                    """
            ),
        ]
    }

    var mikroTik: [ClientText] {
        let local = self.endpoint.map { " local-address=\($0)" } ?? ""
        let holes = self.eachSubnet { "/ipv6 route add blackhole dst-address=\($0)" }
        return [
            ClientText(
                place: "In a terminal; the filter rule must stand above the one that drops",
                text: """
                    /interface 6to4 add name=sixxs\(local) remote-address=\(self.pop) mtu=\(self.mtu) !keepalive
                    /ipv6 address add address=\(self.own)/64 interface=sixxs advertise=no
                    /ipv6 route add dst-address=::/0 gateway=\(self.them)
                    \(holes)/ipv6 address add address=\(self.lanAddress)/64 interface=bridge advertise=yes
                    /interface list member add list=WAN interface=sixxs
                    /ip firewall filter add chain=input protocol=ipv6-encap src-address=\(self.pop) action=accept place-before=0 comment=\(self.number)

                    """
            )
        ]
    }

    var pfSense: [ClientText] {
        self.fields(
            "Interfaces > Assignments > GIFs; then assign and enable it with MTU \(self.mtu). A new interface has no rules: let ICMPv6 in",
            remote: "\(self.them)\nGIF tunnel subnet: 64"
        )
    }

    var opnSense: [ClientText] {
        self.fields(
            "Interfaces > Devices > GIF; then assign and enable it with MTU \(self.mtu), its gateway as upstream gateway. Not behind NAT",
            remote: "\(self.them)/64"
        )
    }

    private func fields(_ place: String, remote: String) -> [ClientText] {
        [
            ClientText(
                place: place,
                text: """
                    Parent Interface: WAN
                    GIF Remote Address: \(self.pop)
                    GIF tunnel local address: \(self.own)
                    GIF tunnel remote address: \(remote)

                    """
            )
        ]
    }

    var ciscoIOS: [ClientText] {
        let source = self.endpoint.map { "\($0)" } ?? "<your WAN interface>"
        let number = self.number.description.dropFirst()
        let holes = self.eachSubnet { "ipv6 route \(Self.capitals($0)) Null0" }
        return [
            ClientText(
                place: "In configuration mode; the WAN's access list needs: permit 41 host \(self.pop) any",
                text: """
                    ipv6 unicast-routing
                    interface Tunnel\(number)
                     no ip address
                     ipv6 address \(Self.capitals(self.own))/64
                     ipv6 mtu \(self.mtu)
                     tunnel source \(source)
                     tunnel destination \(self.pop)
                     tunnel mode ipv6ip
                    ipv6 route ::/0 Tunnel\(number) \(Self.capitals(self.them))
                    \(holes)
                    """
            )
        ]
    }

    private static func capitals(_ value: some CustomStringConvertible) -> String {
        value.description.uppercased()
    }

    var junos: [ClientText] {
        let source = self.endpoint.map { "set interfaces ip-0/0/0 unit 0 tunnel source \($0)\n" } ?? ""
        let holes = self.eachSubnet { "set routing-options rib inet6.0 static route \($0) discard" }
        return [
            ClientText(
                place: "In configuration mode; an MX needs tunnel-services",
                text: """
                    \(source)set interfaces ip-0/0/0 unit 0 tunnel destination \(self.pop)
                    set interfaces ip-0/0/0 unit 0 family inet6 mtu \(self.mtu)
                    set interfaces ip-0/0/0 unit 0 family inet6 address \(self.own)/64
                    set routing-options rib inet6.0 static route ::/0 next-hop \(self.them)
                    \(holes)set security forwarding-options family inet6 mode flow-based

                    """
            )
        ]
    }

    var vyOS: [ClientText] {
        let source = self.endpoint.map { "\($0)" } ?? "0.0.0.0"
        let holes = self.eachSubnet { "set protocols static route6 \($0) blackhole" }
        return [
            ClientText(
                place: "In configuration mode, then: commit, save",
                text: """
                    set interfaces tunnel tun0 encapsulation sit
                    set interfaces tunnel tun0 source-address \(source)
                    set interfaces tunnel tun0 remote \(self.pop)
                    set interfaces tunnel tun0 address \(self.own)/64
                    set interfaces tunnel tun0 mtu \(self.mtu)
                    set protocols static route6 ::/0 next-hop \(self.them)
                    \(holes)
                    """
            )
        ]
    }
}
