internal import Wire

/// Texts for programs that speak with a PoP or the centre.
extension ClientFacts {
    /// What to run at home, and as a service.
    var sixxsClient: [ClientText] {
        let secret = self.type == .static ? "" : " --password-file /etc/sixxs/\(self.number).password"
        let kind = self.type == .static ? "6in4" : self.type.rawValue
        let command =
            "sixxs-client \(kind) --pop \(self.pop) --identity \(self.own) --mtu \(self.mtu)\(secret)"
        let routes = self.eachSubnet { "ip -6 route add unreachable \($0) metric 4096" }
        let note = self.type == .static ? "" : "; the password is the first line of its file, mode 0600"
        return [ClientText(place: "Commands, as root\(note)", text: "\(command)\n\(routes)")]
    }

    var aiccu: [ClientText] {
        [
            ClientText(
                place: "/etc/aiccu.conf, mode 0600; the clock must be right within 120 s",
                text: """
                    username \(self.user)
                    password \(self.password)
                    protocol tic
                    server tic.\(self.webName)
                    tunnel_id \(self.number)
                    ipv6_interface sixxs
                    daemonize true
                    automatic true
                    requiretls true
                    defaultroute true
                    makebeats true

                    """
            )
        ]
    }

    var ddclient: [ClientText] {
        [
            ClientText(
                place: "/etc/ddclient.conf, mode 0600, with the WAN's interface for ppp0",
                text: """
                    ssl=yes
                    use=if, if=ppp0
                    protocol=dyndns2
                    server=\(self.web)
                    login=\(self.user)
                    password=\(self.updateKey)
                    \(self.number)

                    """
            )
        ]
    }

    var inadyn: [ClientText] {
        [
            ClientText(
                place: "/etc/inadyn.conf, mode 0600, with the WAN's interface for ppp0",
                text: """
                    period = 300
                    iface = ppp0
                    custom broker {
                        username = "\(self.user)"
                        password = "\(self.updateKey)"
                        ddns-server = "\(self.web)"
                        ddns-path = "/nic/update?hostname=%h&myip=%i"
                        hostname = "\(self.number)"
                    }

                    """
            )
        ]
    }

    var curl: [ClientText] {
        let command = "curl -4fsS -m 30 --netrc-file /etc/sixxs.netrc -o /dev/null"
        return [
            ClientText(
                place: "/etc/sixxs.netrc, mode 0600",
                text: "machine \(self.webName) login \(self.user) password \(self.updateKey)\n"
            ),
            ClientText(
                place: "/etc/cron.d/sixxs",
                text:
                    "*/10 * * * * root \(command) \"https://\(self.web)/nic/update?hostname=\(self.number)\"\n"
            ),
        ]
    }
}

extension ClientFacts {
    /// The texts for a system.
    package func texts(for system: ClientSystem) -> [ClientText] {
        switch system {
        case .iproute2: self.iproute2
        case .debianIfupdown: self.debianIfupdown
        case .systemdNetworkd: self.systemdNetworkd
        case .networkManager: self.networkManager
        case .netplan: self.netplan
        case .openWrt: self.openWrt
        case .mikroTik: self.mikroTik
        case .pfSense: self.pfSense
        case .opnSense: self.opnSense
        case .freeBSD: self.freeBSD
        case .openBSD: self.openBSD
        case .netBSD: self.netBSD
        case .macOS: self.macOS
        case .windows: self.windows
        case .ciscoIOS: self.ciscoIOS
        case .junos: self.junos
        case .vyOS: self.vyOS
        case .sixxsClient: self.sixxsClient
        case .aiccu: self.aiccu
        case .ddclient: self.ddclient
        case .inadyn: self.inadyn
        case .curl: self.curl
        case .firewall: self.firewall
        case .radvd: self.radvd
        case .dnsmasq: self.dnsmasq
        }
    }
}
