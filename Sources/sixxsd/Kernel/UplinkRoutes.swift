import LinuxIO
import Synchronization
import Wire

/// What keeps the kernel in step with the configuration.
protocol RouteKeeper: Sendable {
    /// Adds the routes that a configuration needs and removes those it needs no more.
    ///
    /// - Throws: ``SystemCallError`` with what the kernel refused; what was done stays done.
    func follow(_ configuration: Configuration) throws(SystemCallError)

    /// Compares what the kernel has with what it should have, and mends what differs.
    ///
    /// - Returns: What differed.
    func compare() -> [Deviation]
}

/// The TUN device and the routes into it.
final class UplinkRoutes: RouteKeeper {
    /// MTU of the TUN device, in octets: what an Ethernet uplink brings.
    ///
    /// The daemon itself says what is too big for a tunnel.
    static let deviceMTU = 1500

    private let held: Mutex<HeldState<RouteNetlink>>

    /// Tells of changes of interfaces, addresses and routes.
    let watch: RouteWatch

    /// The interfaces that listen to router advertisements although the host forwards, because of this.
    let listening: [String]

    /// Brings the device up, ready for routes, and has the host forward.
    ///
    /// - Throws: ``SystemCallError`` with what the kernel refused.
    init(deviceName: String, enablesForwarding: Bool) throws(SystemCallError) {
        var netlink = try RouteNetlink()
        // Before the first change, so that none is missed.
        let watch = try RouteWatch(.ownState)
        let device = try NetworkDevice(named: deviceName)
        try netlink.disableAddressGeneration(of: device)
        try netlink.setMTU(Self.deviceMTU, of: device)
        try netlink.bringUp(device)
        self.listening = enablesForwarding ? try netlink.turnForwardingOn() : []
        self.watch = watch
        self.held = Mutex(
            HeldState(netlink, device: device, mtu: Self.deviceMTU, forwards: enablesForwarding)
        )
    }

    func follow(_ configuration: Configuration) throws(SystemCallError) {
        try self.held.withLock { (held) throws(SystemCallError) in try held.follow(configuration) }
    }

    func compare() -> [Deviation] {
        self.held.withLock { $0.compare(at: MonotonicClock.now()) }
    }
}
