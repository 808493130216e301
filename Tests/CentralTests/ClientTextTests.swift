import TestSupport
import Testing
import Wire

@testable import Central

/// Texts for users' systems, to the character.
@Suite("Texts for users' systems") struct ClientTextTests {
    /// The tunnel of the examples.
    static func facts(
        _ type: TunnelType = .static,
        endpoint: IPv4Address? = IPv4Address(198, 51, 100, 7),
        subnets: [String] = ["2001:db8:3001::/48"],
        mtu: Int = 1480
    ) throws -> ClientFacts {
        ClientFacts(
            number: try TunnelNumber(parsing: "T5072"),
            handle: try UserHandle(parsing: "jdoe"),
            type: type,
            pop: .ipv4(IPv4Address(192, 0, 2, 42)),
            endpoint: endpoint,
            them: try IPv6Address(parsing: "2001:db8:2ff:1::1"),
            own: try IPv6Address(parsing: "2001:db8:2ff:1::2"),
            subnets: try subnets.map { try IPv6Prefix(parsing: $0) },
            routed: try IPv6Prefix(parsing: "2001:db8:2ff:8001::/64"),
            mtu: mtu,
            web: "broker.example.net",
            updateKey: "UPDATEKEY"
        )
    }

    static let plain: [Row<ClientSystem, [String]>] = [
        Row(
            "iproute2",
            .iproute2,
            is: [
                """
                ip tunnel add sixxs mode sit local 198.51.100.7 remote 192.0.2.42 ttl 64
                ip link set sixxs mtu 1480 up
                ip -6 address add 2001:db8:2ff:1::2/64 dev sixxs
                ip -6 route add default via 2001:db8:2ff:1::1 dev sixxs
                ip -6 route add unreachable 2001:db8:3001::/48 metric 4096

                """
            ]
        ),
        Row(
            "Debian",
            .debianIfupdown,
            is: [
                """
                auto sixxs
                iface sixxs inet6 v4tunnel
                    address 2001:db8:2ff:1::2/64
                    local 198.51.100.7
                    endpoint 192.0.2.42
                    ttl 64
                    mtu 1480
                    gateway 2001:db8:2ff:1::1
                    up ip -6 route replace unreachable 2001:db8:3001::/48 metric 4096
                    down ip -6 route del unreachable 2001:db8:3001::/48 metric 4096

                """
            ]
        ),
        Row(
            "systemd-networkd",
            .systemdNetworkd,
            is: [
                """
                [NetDev]
                Name=sixxs
                Kind=sit
                MTUBytes=1480
                [Tunnel]
                Independent=yes
                Local=198.51.100.7
                Remote=192.0.2.42
                TTL=64

                """,
                """
                [Match]
                Name=sixxs
                [Network]
                Address=2001:db8:2ff:1::2/64
                Gateway=2001:db8:2ff:1::1
                IPv6AcceptRA=no
                [Route]
                Destination=2001:db8:3001::/48
                Type=unreachable
                Metric=4096

                """,
            ]
        ),
        Row(
            "NetworkManager",
            .networkManager,
            is: [
                """
                [connection]
                id=sixxs
                type=ip-tunnel
                interface-name=sixxs
                [ip-tunnel]
                local=198.51.100.7
                mode=3
                mtu=1480
                remote=192.0.2.42
                ttl=64
                [ipv4]
                method=disabled
                [ipv6]
                address1=2001:db8:2ff:1::2/64,2001:db8:2ff:1::1
                method=manual
                route1=2001:db8:3001::/48
                route1_options=type=unreachable

                """
            ]
        ),
        Row(
            "netplan",
            .netplan,
            is: [
                """
                network:
                  version: 2
                  renderer: networkd
                  tunnels:
                    sixxs:
                      mode: sit
                      local: 198.51.100.7
                      remote: 192.0.2.42
                      ttl: 64
                      mtu: 1480
                      addresses: [ "2001:db8:2ff:1::2/64" ]
                      accept-ra: false
                      routes:
                        - to: "::/0"
                          via: "2001:db8:2ff:1::1"
                        - to: "2001:db8:3001::/48"
                          type: unreachable
                          metric: 4096

                """
            ]
        ),
        Row(
            "OpenWrt",
            .openWrt,
            is: [
                """
                config interface 'sixxs'
                \toption proto '6in4'
                \toption peeraddr '192.0.2.42'
                \toption ip6addr '2001:db8:2ff:1::2/64'
                \tlist ip6prefix '2001:db8:3001::/48'
                \toption mtu '1480'
                \toption ttl '64'

                """,
                """
                config rule
                \toption name 'Allow-6in4'
                \toption src 'wan'
                \toption src_ip '192.0.2.42'
                \toption proto '41'
                \toption family 'ipv4'
                \toption target 'ACCEPT'

                """,
            ]
        ),
        Row(
            "RouterOS",
            .mikroTik,
            is: [
                """
                /interface 6to4 add name=sixxs local-address=198.51.100.7 remote-address=192.0.2.42 mtu=1480 !keepalive
                /ipv6 address add address=2001:db8:2ff:1::2/64 interface=sixxs advertise=no
                /ipv6 route add dst-address=::/0 gateway=2001:db8:2ff:1::1
                /ipv6 route add blackhole dst-address=2001:db8:3001::/48
                /ipv6 address add address=2001:db8:3001:1::1/64 interface=bridge advertise=yes
                /interface list member add list=WAN interface=sixxs
                /ip firewall filter add chain=input protocol=ipv6-encap src-address=192.0.2.42 action=accept place-before=0 comment=T5072

                """
            ]
        ),
        Row(
            "pfSense",
            .pfSense,
            is: [
                """
                Parent Interface: WAN
                GIF Remote Address: 192.0.2.42
                GIF tunnel local address: 2001:db8:2ff:1::2
                GIF tunnel remote address: 2001:db8:2ff:1::1
                GIF tunnel subnet: 64

                """
            ]
        ),
        Row(
            "OPNsense",
            .opnSense,
            is: [
                """
                Parent Interface: WAN
                GIF Remote Address: 192.0.2.42
                GIF tunnel local address: 2001:db8:2ff:1::2
                GIF tunnel remote address: 2001:db8:2ff:1::1/64

                """
            ]
        ),
        Row(
            "FreeBSD",
            .freeBSD,
            is: [
                """
                cloned_interfaces="gif0"
                ifconfig_gif0="tunnel 198.51.100.7 192.0.2.42 mtu 1480"
                ifconfig_gif0_ipv6="inet6 2001:db8:2ff:1::2 2001:db8:2ff:1::1 prefixlen 128"
                ipv6_defaultrouter="2001:db8:2ff:1::1"
                ipv6_gateway_enable="YES"
                ipv6_static_routes="hole"
                ipv6_route_hole="2001:db8:3001:: -prefixlen 48 ::1 -reject"

                """
            ]
        ),
        Row(
            "OpenBSD",
            .openBSD,
            is: [
                """
                tunnel 198.51.100.7 192.0.2.42
                mtu 1480
                !ifconfig gif0 inet6 alias 2001:db8:2ff:1::2 2001:db8:2ff:1::1 prefixlen 128
                !route -qn add -inet6 default 2001:db8:2ff:1::1
                !route -qn add -inet6 2001:db8:3001::/48 ::1 -reject

                """
            ]
        ),
        Row(
            "NetBSD",
            .netBSD,
            is: [
                """
                create
                tunnel 198.51.100.7 192.0.2.42
                inet6 2001:db8:2ff:1::2 2001:db8:2ff:1::1 prefixlen 128
                mtu 1480
                up
                !route -n add -inet6 default 2001:db8:2ff:1::1

                """
            ]
        ),
        Row(
            "macOS",
            .macOS,
            is: [
                """
                sudo ifconfig gif0 tunnel 198.51.100.7 192.0.2.42
                sudo ifconfig gif0 inet6 2001:db8:2ff:1::2 2001:db8:2ff:1::1 prefixlen 128
                sudo ifconfig gif0 mtu 1480
                sudo route -n add -inet6 default 2001:db8:2ff:1::1

                """
            ]
        ),
        Row(
            "Windows",
            .windows,
            is: [
                """
                netsh interface ipv6 add v6v4tunnel interface=sixxs localaddress=198.51.100.7 remoteaddress=192.0.2.42
                netsh interface ipv6 add address interface=sixxs address=2001:db8:2ff:1::2 store=persistent
                netsh interface ipv6 add route prefix=::/0 interface=sixxs nexthop=2001:db8:2ff:1::1 store=persistent
                netsh interface ipv6 set subinterface interface=sixxs mtu=1480 store=persistent

                """
            ]
        ),
        Row(
            "Cisco IOS",
            .ciscoIOS,
            is: [
                """
                ipv6 unicast-routing
                interface Tunnel5072
                 no ip address
                 ipv6 address 2001:DB8:2FF:1::2/64
                 ipv6 mtu 1480
                 tunnel source 198.51.100.7
                 tunnel destination 192.0.2.42
                 tunnel mode ipv6ip
                ipv6 route ::/0 Tunnel5072 2001:DB8:2FF:1::1
                ipv6 route 2001:DB8:3001::/48 Null0

                """
            ]
        ),
        Row(
            "Junos",
            .junos,
            is: [
                """
                set interfaces ip-0/0/0 unit 0 tunnel source 198.51.100.7
                set interfaces ip-0/0/0 unit 0 tunnel destination 192.0.2.42
                set interfaces ip-0/0/0 unit 0 family inet6 mtu 1480
                set interfaces ip-0/0/0 unit 0 family inet6 address 2001:db8:2ff:1::2/64
                set routing-options rib inet6.0 static route ::/0 next-hop 2001:db8:2ff:1::1
                set routing-options rib inet6.0 static route 2001:db8:3001::/48 discard
                set security forwarding-options family inet6 mode flow-based

                """
            ]
        ),
        Row(
            "VyOS",
            .vyOS,
            is: [
                """
                set interfaces tunnel tun0 encapsulation sit
                set interfaces tunnel tun0 source-address 198.51.100.7
                set interfaces tunnel tun0 remote 192.0.2.42
                set interfaces tunnel tun0 address 2001:db8:2ff:1::2/64
                set interfaces tunnel tun0 mtu 1480
                set protocols static route6 ::/0 next-hop 2001:db8:2ff:1::1
                set protocols static route6 2001:db8:3001::/48 blackhole

                """
            ]
        ),
        Row(
            "ddclient",
            .ddclient,
            is: [
                """
                ssl=yes
                use=if, if=ppp0
                protocol=dyndns2
                server=broker.example.net
                login=jdoe
                password=UPDATEKEY
                T5072

                """
            ]
        ),
        Row(
            "inadyn",
            .inadyn,
            is: [
                """
                period = 300
                iface = ppp0
                custom broker {
                    username = "jdoe"
                    password = "UPDATEKEY"
                    ddns-server = "broker.example.net"
                    ddns-path = "/nic/update?hostname=%h&myip=%i"
                    hostname = "T5072"
                }

                """
            ]
        ),
        Row(
            "curl",
            .curl,
            is: [
                "machine broker.example.net login jdoe password UPDATEKEY\n",
                "*/10 * * * * root curl -4fsS -m 30 --netrc-file /etc/sixxs.netrc -o /dev/null "
                    + "\"https://broker.example.net/nic/update?hostname=T5072\"\n",
            ]
        ),
        Row(
            "sixxs-client",
            .sixxsClient,
            is: [
                """
                sixxs-client 6in4 --pop 192.0.2.42 --identity 2001:db8:2ff:1::2 --mtu 1480
                ip -6 route add unreachable 2001:db8:3001::/48 metric 4096

                """
            ]
        ),
        Row(
            "nftables",
            .firewall,
            is: [
                """
                table inet sixxs {
                \tchain input {
                \t\ttype filter hook input priority filter; policy accept;
                \t\tip saddr 192.0.2.42 meta l4proto ipv6 accept
                \t}
                \tchain forward {
                \t\ttype filter hook forward priority filter; policy accept;
                \t\toifname "sixxs" tcp flags syn tcp option maxseg size set rt mtu
                \t\tiifname "sixxs" ct state established,related accept
                \t\tiifname "sixxs" meta l4proto ipv6-icmp accept
                \t\tiifname "sixxs" drop
                \t}
                }

                """
            ]
        ),
        Row(
            "radvd",
            .radvd,
            is: [
                "net.ipv6.conf.all.forwarding = 1\n",
                """
                interface lan0
                {
                    AdvSendAdvert on;
                    AdvLinkMTU 1480;
                    prefix 2001:db8:3001:1::/64 { };
                    RDNSS 2001:db8:3001:1::1 { };
                };

                """,
            ]
        ),
        Row(
            "dnsmasq",
            .dnsmasq,
            is: [
                "net.ipv6.conf.all.forwarding = 1\n",
                """
                interface=lan0
                enable-ra
                dhcp-range=2001:db8:3001:1::,ra-stateless,64,12h
                ra-param=lan0,mtu:1480,60

                """,
            ]
        ),
    ]

    @Test(arguments: Self.plain) func areRightToTheCharacter(_ row: Row<ClientSystem, [String]>) throws {
        #expect(try Self.facts().texts(for: row.input).map(\.text) == row.output)
    }

    @Test func ofSignedTunnelsNamePasswordsAndNeverHaveThem() throws {
        let ayiya = try Self.facts(.ayiya, endpoint: nil, mtu: 1428)

        #expect(
            ayiya.texts(for: .sixxsClient).map(\.text) == [
                """
                sixxs-client ayiya --pop 192.0.2.42 --identity 2001:db8:2ff:1::2 --mtu 1428 --password-file /etc/sixxs/T5072.password
                ip -6 route add unreachable 2001:db8:3001::/48 metric 4096

                """
            ]
        )
        #expect(
            ayiya.texts(for: .aiccu).map(\.text) == [
                """
                username jdoe
                password <your password>
                protocol tic
                server tic.broker.example.net
                tunnel_id T5072
                ipv6_interface sixxs
                daemonize true
                automatic true
                requiretls true
                defaultroute true
                makebeats true

                """
            ]
        )
        #expect(
            try Self.facts(.heartbeat, endpoint: nil).texts(for: .firewall)[0].text.contains(
                "l4proto ipv6 accept"
            )
        )
        #expect(!ayiya.texts(for: .firewall)[0].text.contains("l4proto ipv6 accept"))
    }

    /// Rules that every text keeps, whatever the tunnel has.
    @Test(
        arguments: ClientSystem.allCases,
        [[], ["2001:db8:3001::/48"], ["2001:db8:3001::/56", "2001:db8:3002::/48"]]
    )
    func keepTheirRules(_ system: ClientSystem, _ subnets: [String]) throws {
        for endpoint in [IPv4Address(198, 51, 100, 7), nil] {
            for type in TunnelType.allCases where system.suits(type) {
                for text in try Self.facts(type, endpoint: endpoint, subnets: subnets, mtu: 1300).texts(
                    for: system
                ) {
                    let lines = text.text.split(separator: "\n", omittingEmptySubsequences: false)
                    #expect(lines.last == "" && lines.count > 1, "one newline at the end")
                    #expect(!lines.dropLast().contains(""), "no empty line")
                    #expect(
                        !lines.contains { $0.hasSuffix(" ") || $0.hasSuffix("\t") },
                        "no blank at a line's end"
                    )
                    #expect(
                        text.text.utf8.allSatisfy { $0 < 0x7F && ($0 >= 0x20 || $0 == 0x0A || $0 == 0x09) }
                    )
                    #expect(!text.text.contains("1480"), "the MTU is the tunnel's own")
                    #expect(endpoint != nil || !text.text.contains("198.51.100.7"))
                    if subnets.isEmpty { #expect(!text.text.contains("2001:db8:300")) }
                    #expect(!text.place.isEmpty)
                }
            }
        }
    }

    @Test func withoutASubnetTheLANGetsWhatIsRoutedAnyway() throws {
        let facts = try Self.facts(subnets: [])
        #expect(facts.texts(for: .radvd)[1].text.contains("prefix 2001:db8:2ff:8001::/64 { };"))
        #expect(facts.texts(for: .mikroTik)[0].text.contains("address=2001:db8:2ff:8001::1/64"))
        #expect(
            try Self.facts(subnets: ["2001:db8:3001:ab00::/56"]).texts(for: .radvd)[1].text.contains(
                "prefix 2001:db8:3001:ab01::/64"
            )
        )
    }

    // swift-format-ignore
    static let moving: [Row<ClientSystem, String>] = [
        Row("commands",       .iproute2,        is: "mode sit remote 192.0.2.42"),
        Row("Debian",         .debianIfupdown,  is: "::2/64\n    endpoint"),
        Row("networkd",       .systemdNetworkd, is: "\nLocal=any\n"),
        Row("NetworkManager", .networkManager,  is: "[ip-tunnel]\nmode=3\n"),
        Row("netplan",        .netplan,         is: "      local: 0.0.0.0\n"),
        Row("RouterOS",       .mikroTik,        is: "name=sixxs remote-address=192.0.2.42"),
        Row("Cisco IOS",      .ciscoIOS,        is: " tunnel source <your WAN interface>\n"),
    ]

    @Test(arguments: Self.moving) func leaveOutWhereWhoMovesIs(_ row: Row<ClientSystem, String>) throws {
        #expect(try Self.facts(endpoint: nil).texts(for: row.input).map(\.text).joined().contains(row.output))
    }

    @Test func suitTheTunnel() {
        #expect(
            ClientSystem.allCases.filter { $0.suits(.ayiya) } == [
                .sixxsClient, .aiccu, .firewall, .radvd, .dnsmasq,
            ]
        )
        #expect(ClientSystem.allCases.filter { !$0.suits(.static) } == [.aiccu])
        #expect(Set(ClientSystem.allCases.map(\.title)).count == ClientSystem.allCases.count)
    }
}
