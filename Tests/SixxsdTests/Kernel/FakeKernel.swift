import LinuxIO
import SystemPackage
import Wire

@testable import sixxsd

/// A kernel's tables as a test has them.
final class FakeKernel {
    var routes: [IPv6RouteEntry] = []
    var link: LinkState? = LinkState(isUp: false, mtu: 1400)
    var own: Set<IPAddress> = []
    var settings: [Sysctl.Name: String] = [.ipv6Forwarding: "0"]
    var isReadOnly = false
    /// What was asked to be changed, in order.
    var changes: [String] = []
    /// What every change is refused with; nil while none is.
    var refusal: Errno?

    func change(_ words: String, _ body: () -> Void = {}) throws(SystemCallError) {
        if let refusal { throw SystemCallError(call: "RTM_TEST", errno: refusal, subject: words) }
        self.changes.append(words)
        body()
    }

    /// Takes the route away that has a prefix.
    func lose(_ text: String) { self.routes.removeAll { "\($0.destination)" == text } }
}

struct FakeTables: KernelTables {
    let kernel: FakeKernel

    mutating func route(to address: IPv6Address) throws(SystemCallError) -> IPv6RouteEntry? {
        self.kernel.routes.filter { $0.destination.contains(address) }.min {
            ($1.destination.length, $0.metric) < ($0.destination.length, $1.metric)
        }
    }

    mutating func routes(to destination: IPv6Prefix?) throws(SystemCallError) -> [IPv6RouteEntry] {
        self.kernel.routes.filter { destination == nil || $0.destination == destination }
    }

    mutating func putRoute(_ route: IPv6Route) throws(SystemCallError) {
        let kernel = self.kernel
        guard kernel.link?.isUp == true else {
            throw SystemCallError(call: "RTM_NEWROUTE", errno: .networkDown, subject: "adding route \(route)")
        }
        try kernel.change("add \(route.destination)") {
            kernel.routes.append(
                IPv6RouteEntry(
                    to: route.destination,
                    via: route.gateway,
                    interface: route.device.index,
                    origin: RouteNetlink.routeProtocol
                )
            )
        }
    }

    mutating func removeRoute(_ route: IPv6Route) throws(SystemCallError) {
        guard let index = self.kernel.routes.firstIndex(where: { $0.isSame(as: route) }) else {
            throw SystemCallError(call: "RTM_DELROUTE", errno: .noSuchProcess)
        }
        let kernel = self.kernel
        try kernel.change("remove \(route.destination)") { kernel.routes.remove(at: index) }
    }

    mutating func removeRoute(_ entry: IPv6RouteEntry) throws(SystemCallError) {
        let kernel = self.kernel
        try kernel.change("remove foreign \(entry.destination)") { kernel.routes.removeAll { $0 == entry } }
    }

    mutating func state(of device: NetworkDevice) throws(SystemCallError) -> LinkState? { self.kernel.link }

    mutating func setMTU(_ mtu: Int, of device: NetworkDevice) throws(SystemCallError) {
        let kernel = self.kernel
        try kernel.change("mtu \(mtu)") {
            kernel.link = LinkState(isUp: kernel.link?.isUp ?? false, mtu: mtu)
        }
    }

    mutating func bringUp(_ device: NetworkDevice) throws(SystemCallError) {
        let kernel = self.kernel
        try kernel.change("up") { kernel.link = LinkState(isUp: true, mtu: kernel.link?.mtu ?? 0) }
    }

    mutating func disableAddressGeneration(of device: NetworkDevice) throws(SystemCallError) {}

    mutating func isOwn(_ address: IPAddress) throws(SystemCallError) -> Bool {
        self.kernel.own.contains(address)
    }

    mutating func setting(_ name: Sysctl.Name) throws(SystemCallError) -> String? {
        self.kernel.settings[name]
    }

    mutating func set(_ name: Sysctl.Name, to value: String) throws(SystemCallError) {
        let kernel = self.kernel
        if kernel.isReadOnly {
            throw SystemCallError(
                call: "open",
                errno: .readOnlyFileSystem,
                subject: "setting \(name) to \(value)"
            )
        }
        try kernel.change("\(name)=\(value)") { kernel.settings[name] = value }
    }
}
