import Core
import Testing
import Wire

/// The PoP that most tests work with, and the hosts around it.
enum Plan {
    /// What the clock reads in the vectors.
    static let startTime: Int64 = 1_234_567_890

    static let ayiyaPassword = "f3d47c2de40fb698e1ab15d757a09bfc"
    static let heartbeatPassword = "91915d757a09bfc94d5028832d85cc0d"

    /// Tunnels by their tid.
    enum Tunnel {
        /// Static, 198.51.100.1, MTU 1480, owns `2001:db8:3001::/48`.
        static let fixed: UInt16 = 0
        /// Dynamic, MTU 1428, owns `2001:db8:4000:200::/56`.
        static let ayiya: UInt16 = 1
        /// Dynamic, MTU 1280.
        static let heartbeat: UInt16 = 2
        /// Static, disabled by configuration.
        static let disabled: UInt16 = 3
        /// Static, 198.51.100.4, MTU 1280, owns `2001:db8:30ff::/48`.
        static let narrow: UInt16 = 4
        /// Static, over IPv6.
        static let overIPv6: UInt16 = 5
        /// Dynamic, disabled by configuration.
        static let disabledDynamic: UInt16 = 6
        /// Not configured.
        static let none: UInt16 = 7
        /// Static, the highest tid.
        static let last: UInt16 = 0x1fff
    }

    static let popLines = """
        pop set details 1 chtst01 192.0.2.1 2001:db8:42::1
        pop set id 1
        pop tunnelprefix add 2001:db8:2ff::/48
        pop subnetprefix add 2001:db8:3000::/40
        pop subnetprefix add 2001:db8:4000::/48

        """

    static let tunnelLines = """
        tunnel set config 0 T4141 198.51.100.1 up 1480
        tunnel set config 1 T5072 ayiya up 1428 \(ayiyaPassword)
        tunnel set config 2 T3740 heartbeat up 1280 \(heartbeatPassword)
        tunnel set config 3 T84823 198.51.100.3 disabled 1280
        tunnel set config 4 T4004 198.51.100.4 up 1280
        tunnel set config 5 T4005 2001:db8:beef::5 up 1460
        tunnel set config 6 T5006 ayiya disabled 1280 \(ayiyaPassword)
        tunnel set config 1fff T8191 198.51.100.99 up 1480

        """

    static let subnetLines = """
        subnet set config 2001:db8:3001::/48 0 static
        subnet set config 2001:db8:30ff::/48 4 static
        subnet set config 2001:db8:4000:200::/56 1 static

        """

    static let text = popLines + tunnelLines + subnetLines

    /// A text with limits on ICMP errors that no test of something else can reach.
    static let generousText =
        popLines + "pop set icmp-rate 1000000 1000000 1000000\n" + tunnelLines + subnetLines

    static let popIPv4 = ip("192.0.2.1")
    static let popIPv6 = ip("2001:db8:42::1")

    /// A host on the native internet.
    static let internet = ipv6("2001:db8:ffff::10")
    /// Where the AYIYA and heartbeat clients are.
    static let home = ip("203.0.113.7")
    /// Where they go.
    static let elsewhere = ip("203.0.113.99")

    static let daemon = ipv6("2001:db8:2ff:ffff::1")

    /// The PoP's side of a tunnel.
    static func us(_ tid: UInt16) -> IPv6Address { Self.address(tid, 1) }

    /// The user's side of a tunnel.
    static func them(_ tid: UInt16) -> IPv6Address { Self.address(tid, 2) }

    /// Any address of a tunnel's /64.
    static func address(_ number: UInt16, _ interface: UInt64) -> IPv6Address {
        IPv6Address(high: 0x2001_0db8_02ff_0000 | UInt64(number), low: interface)
    }

    /// Where a static tunnel's packets come from.
    static func remote(of tid: UInt16) -> IPAddress {
        switch tid {
        case Tunnel.fixed: ip("198.51.100.1")
        case Tunnel.disabled: ip("198.51.100.3")
        case Tunnel.narrow: ip("198.51.100.4")
        case Tunnel.overIPv6: ip("2001:db8:beef::5")
        case Tunnel.last: ip("198.51.100.99")
        default: Self.home
        }
    }
}
