import ArgumentParser
import LinuxIO
import Logging
import Wire

/// The options that all tunnels have.
struct TunnelOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The PoP's IPv4 address.", valueName: "IPv4"))
    var pop: IPv4Address

    @Option(
        help: ArgumentHelp("Your end inside the tunnel, the address that ends in ::2.", valueName: "IPv6")
    )
    var identity: IPv6Address

    @Option(help: ArgumentHelp("Name of the TUN device to create.", valueName: "device"))
    var tun = "sixxs0"

    @Option(help: "MTU of the device, 1280 to 1480 octets; by default what a path of 1500 leaves.")
    var mtu: Int?

    @Option(help: "Seconds between beats.")
    var beatInterval = 60

    @Option(help: ArgumentHelp("The IPv4 address to send from, if not the route's.", valueName: "IPv4"))
    var local: IPv4Address?

    @Flag(help: "Leave the default IPv6 route alone.")
    var noDefaultRoute = false

    @Option(
        help:
            """
            User to become once the device is there; only CAP_NET_ADMIN and CAP_NET_RAW are kept, which addresses, routes and \
            raw sockets need. For root the default is sixxs-client, or nobody where there is no such user.
            """
    )
    var user: String?

    @Option(help: "Whether the kernel may hand over and take many packets as one: auto or off.")
    var offloads = Offloads.auto

    @Option(help: "What to log: trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    func validate() throws {
        guard self.pop.isUnicast || self.pop.isLoopback else {
            throw ValidationError("--pop \(self.pop): no host can have this address")
        }
        guard self.identity.low == 2, IPAddress.ipv6(self.identity).isReachableUnicast else {
            throw ValidationError(
                "--identity \(self.identity): expected your end of the tunnel's /64, an address that ends in ::2"
            )
        }
        if let mtu = self.mtu, !(1280...1480).contains(mtu) {
            throw ValidationError("--mtu \(mtu): expected 1280 to 1480")
        }
        guard (1...3600).contains(self.beatInterval) else {
            throw ValidationError("--beat-interval \(self.beatInterval): expected 1 to 3600 seconds")
        }
        guard (1...TUNDevice.maximumNameLength).contains(self.tun.utf8.count) else {
            throw ValidationError(
                "--tun \(self.tun): expected 1 to \(TUNDevice.maximumNameLength) characters"
            )
        }
    }
}
