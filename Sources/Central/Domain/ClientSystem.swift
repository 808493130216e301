/// What a user sets a tunnel up with, at home.
package enum ClientSystem: String, CaseIterable, Sendable {
    case iproute2
    case debianIfupdown = "debian-ifupdown"
    case systemdNetworkd = "systemd-networkd"
    case networkManager = "networkmanager"
    case netplan
    case openWrt = "openwrt"
    case mikroTik = "mikrotik"
    case pfSense = "pfsense"
    case opnSense = "opnsense"
    case freeBSD = "freebsd"
    case openBSD = "openbsd"
    case netBSD = "netbsd"
    case macOS = "macos"
    case windows
    case ciscoIOS = "cisco-ios"
    case junos
    case vyOS = "vyos"
    case sixxsClient = "sixxs-client"
    case aiccu
    case ddclient
    case inadyn
    case curl
    case firewall
    case radvd
    case dnsmasq

    /// As its users call it.
    package var title: String {
        switch self {
        case .iproute2: "Linux, commands (iproute2)"
        case .debianIfupdown: "Debian, ifupdown"
        case .systemdNetworkd: "Linux, systemd-networkd"
        case .networkManager: "Linux, NetworkManager"
        case .netplan: "Ubuntu, netplan"
        case .openWrt: "OpenWrt 21.02 and later"
        case .mikroTik: "MikroTik RouterOS 7"
        case .pfSense: "pfSense"
        case .opnSense: "OPNsense"
        case .freeBSD: "FreeBSD"
        case .openBSD: "OpenBSD"
        case .netBSD: "NetBSD"
        case .macOS: "macOS"
        case .windows: "Windows"
        case .ciscoIOS: "Cisco IOS"
        case .junos: "Junos, SRX"
        case .vyOS: "VyOS 1.3 and later"
        case .sixxsClient: "sixxs-client"
        case .aiccu: "AICCU"
        case .ddclient: "ddclient (tells the endpoint)"
        case .inadyn: "inadyn (tells the endpoint)"
        case .curl: "curl and cron (tell the endpoint)"
        case .firewall: "Linux firewall, nftables"
        case .radvd: "LAN: radvd"
        case .dnsmasq: "LAN: dnsmasq"
        }
    }

    /// What it does for a tunnel.
    enum Purpose {
        /// Plain 6in4.
        case plain
        /// The tunnel, of whatever type.
        case client
        /// The tunnel, unless it is static.
        case signed
        /// Tells where a static tunnel ends.
        case updates
        /// What lies behind the tunnel.
        case lan
    }

    var purpose: Purpose {
        switch self {
        case .sixxsClient: .client
        case .aiccu: .signed
        case .ddclient, .inadyn, .curl: .updates
        case .firewall, .radvd, .dnsmasq: .lan
        default: .plain
        }
    }

    /// Whether it is of use for tunnels of a type.
    package func suits(_ type: TunnelType) -> Bool {
        switch self.purpose {
        case .client, .lan: true
        case .plain, .updates: type == .static
        case .signed: type != .static
        }
    }
}

/// A text for a user's system.
package struct ClientText: Hashable, Sendable {
    /// Where it goes, and what makes it work.
    package let place: String

    /// The text itself, to the character: lines that end with a line feed.
    package let text: String
}
