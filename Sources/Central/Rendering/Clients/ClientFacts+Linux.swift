internal import Wire

/// Texts for Linux, static 6in4.
extension ClientFacts {
    var iproute2: [ClientText] {
        let local = self.endpoint.map { " local \($0)" } ?? ""
        return [
            ClientText(
                place: "Commands, as root; gone with a restart",
                text: """
                    ip tunnel add sixxs mode sit\(local) remote \(self.pop) ttl 64
                    ip link set sixxs mtu \(self.mtu) up
                    ip -6 address add \(self.own)/64 dev sixxs
                    ip -6 route add default via \(self.them) dev sixxs
                    \(self.eachSubnet { "ip -6 route add unreachable \($0) metric 4096" })
                    """
            )
        ]
    }

    var debianIfupdown: [ClientText] {
        let local = self.endpoint.map { "    local \($0)\n" } ?? ""
        let routes = self.eachSubnet { "    up ip -6 route replace unreachable \($0) metric 4096" }
        let ends = self.eachSubnet { "    down ip -6 route del unreachable \($0) metric 4096" }
        return [
            ClientText(
                place: "/etc/network/interfaces.d/sixxs, then: ifup sixxs",
                text: """
                    auto sixxs
                    iface sixxs inet6 v4tunnel
                        address \(self.own)/64
                    \(local)    endpoint \(self.pop)
                        ttl 64
                        mtu \(self.mtu)
                        gateway \(self.them)
                    \(routes)\(ends)
                    """
            )
        ]
    }

    var systemdNetworkd: [ClientText] {
        let local = self.endpoint.map { "\($0)" } ?? "any"
        let routes = self.eachSubnet { "[Route]\nDestination=\($0)\nType=unreachable\nMetric=4096" }
        return [
            ClientText(
                place: "/etc/systemd/network/25-sixxs.netdev",
                text: """
                    [NetDev]
                    Name=sixxs
                    Kind=sit
                    MTUBytes=\(self.mtu)
                    [Tunnel]
                    Independent=yes
                    Local=\(local)
                    Remote=\(self.pop)
                    TTL=64

                    """
            ),
            ClientText(
                place: "/etc/systemd/network/25-sixxs.network, then: networkctl reload",
                text: """
                    [Match]
                    Name=sixxs
                    [Network]
                    Address=\(self.own)/64
                    Gateway=\(self.them)
                    IPv6AcceptRA=no
                    \(routes)
                    """
            ),
        ]
    }

    var networkManager: [ClientText] {
        let local = self.endpoint.map { "local=\($0)\n" } ?? ""
        let routes = self.subnets.enumerated().map { index, subnet in
            "route\(index + 1)=\(subnet)\nroute\(index + 1)_options=type=unreachable\n"
        }.joined()
        return [
            ClientText(
                place:
                    "/etc/NetworkManager/system-connections/sixxs.nmconnection, of root, mode 0600, then: nmcli connection reload",
                text: """
                    [connection]
                    id=sixxs
                    type=ip-tunnel
                    interface-name=sixxs
                    [ip-tunnel]
                    \(local)mode=3
                    mtu=\(self.mtu)
                    remote=\(self.pop)
                    ttl=64
                    [ipv4]
                    method=disabled
                    [ipv6]
                    address1=\(self.own)/64,\(self.them)
                    method=manual
                    \(routes)
                    """
            )
        ]
    }

    var netplan: [ClientText] {
        let local = self.endpoint.map { "\($0)" } ?? "0.0.0.0"
        let routes = self.eachSubnet {
            "        - to: \"\($0)\"\n          type: unreachable\n          metric: 4096"
        }
        return [
            ClientText(
                place: "/etc/netplan/60-sixxs.yaml, mode 0600, then: netplan try",
                text: """
                    network:
                      version: 2
                      renderer: networkd
                      tunnels:
                        sixxs:
                          mode: sit
                          local: \(local)
                          remote: \(self.pop)
                          ttl: 64
                          mtu: \(self.mtu)
                          addresses: [ "\(self.own)/64" ]
                          accept-ra: false
                          routes:
                            - to: "::/0"
                              via: "\(self.them)"
                    \(routes)
                    """
            )
        ]
    }

    var firewall: [ClientText] {
        // What is signed comes in UDP, from where the host itself sent first.
        let plain = self.type == .ayiya ? "" : "\t\tip saddr \(self.pop) meta l4proto ipv6 accept\n"
        let device = self.type == .static ? "sixxs" : "sixxs0"
        return [
            ClientText(
                place:
                    "/etc/nftables.d/sixxs.nft; an accept here does not help against a drop in another table",
                text: """
                    table inet sixxs {
                    \tchain input {
                    \t\ttype filter hook input priority filter; policy accept;
                    \(plain)\t}
                    \tchain forward {
                    \t\ttype filter hook forward priority filter; policy accept;
                    \t\toifname "\(device)" tcp flags syn tcp option maxseg size set rt mtu
                    \t\tiifname "\(device)" ct state established,related accept
                    \t\tiifname "\(device)" meta l4proto ipv6-icmp accept
                    \t\tiifname "\(device)" drop
                    \t}
                    }

                    """
            )
        ]
    }

    /// What both ways to give a LAN its addresses need.
    private var forwarding: ClientText {
        ClientText(
            place:
                "/etc/sysctl.d/60-sixxs.conf, then: sysctl --system; and the LAN's interface gets \(self.lanAddress)/64",
            text: "net.ipv6.conf.all.forwarding = 1\n"
        )
    }

    var radvd: [ClientText] {
        [
            self.forwarding,
            ClientText(
                place:
                    "/etc/radvd.conf, with the LAN's interface for lan0; RDNSS only where a resolver listens",
                text: """
                    interface lan0
                    {
                        AdvSendAdvert on;
                        AdvLinkMTU \(self.mtu);
                        prefix \(self.lan) { };
                        RDNSS \(self.lanAddress) { };
                    };

                    """
            ),
        ]
    }

    var dnsmasq: [ClientText] {
        [
            self.forwarding,
            ClientText(
                place: "/etc/dnsmasq.d/sixxs.conf, with the LAN's interface for lan0",
                text: """
                    interface=lan0
                    enable-ra
                    dhcp-range=\(self.lan.address),ra-stateless,64,12h
                    ra-param=lan0,mtu:\(self.mtu),60

                    """
            ),
        ]
    }
}
