import FastPath
import LinuxIO
import Logging
import Synchronization
import Wire

/// The kernel's programs where they belong: `encapsulate` at the TUN device, `decapsulate` at every Ethernet link of the host.
final class FastPathLinks: Sendable {
    private struct State: ~Copyable {
        var netlink: RouteNetlink
        var uplink: TrafficAttachment?
        var links: [UInt32: TrafficAttachment] = [:]
        /// Those that refused, which are not asked again.
        var refused: Set<UInt32> = []
    }

    private let programs: FastPathPrograms
    private let device: NetworkDevice
    /// Who opened the sockets whose packets go the same way.
    private let user = Privileges.user
    private let state: Mutex<State>

    /// Tells when something about links or routes changed.
    let watch: RouteWatch

    /// Puts `encapsulate` at the TUN device, and `decapsulate` at the links that are there.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses the first; a link that refuses is left out.
    init(
        _ programs: FastPathPrograms,
        device: NetworkDevice,
        _ questions: WakeUp
    ) throws(SystemCallError) {
        self.programs = programs
        self.device = device
        // Before the first look, so that nothing is missed.
        self.watch = try RouteWatch(.ways, or: questions)
        var state = State(netlink: try RouteNetlink())
        // What a daemon that was killed left behind counts into tables that nobody reads.
        state.uplink = try TrafficAttachment(programs.encapsulate, at: .egress, of: device.index)
        self.state = Mutex(state)
        try self.follow()
    }

    /// Follows links that come and go.
    ///
    /// - Returns: What refused since the last time.
    /// - Throws: ``SystemCallError`` when the kernel does not say which links there are.
    @discardableResult
    func follow() throws(SystemCallError) -> [SystemCallError] {
        try self.state.withLock { (state) throws(SystemCallError) in
            let there = Set(try state.netlink.ethernetLinks())
            state.links = state.links.filter { there.contains($0.key) }
            state.refused.formIntersection(there)
            var failures: [SystemCallError] = []
            for link in there.subtracting(state.links.keys).subtracting(state.refused) {
                do throws(SystemCallError) {
                    state.links[link] = try TrafficAttachment(
                        self.programs.decapsulate,
                        at: .ingress,
                        of: link
                    )
                } catch {
                    state.refused.insert(link)
                    failures.append(error)
                }
            }
            return failures
        }
    }

    /// Whether the TUN device takes packets.
    ///
    /// - Throws: ``SystemCallError`` when the kernel does not say.
    func isDeviceUp() throws(SystemCallError) -> Bool {
        try self.state.withLock { (state) throws(SystemCallError) in
            try state.netlink.state(of: self.device)?.isUp ?? false
        }
    }

    /// Asks what the route to a user takes.
    ///
    /// - Parameter remote: The user's address.
    /// - Returns: Size of the largest packet, in octets; nil where there is no route.
    func largestPacket(toward remote: IPAddress) -> UInt16? {
        self.state.withLock { state in
            switch try? RouteMTU(toward: remote, as: self.user, in: &state.netlink) {
            case nil, .noRoute: nil
            case .any: .max
            case .limited(let octets): UInt16(clamping: octets)
            }
        }
    }

    /// Takes the programs away.
    func remove() {
        self.state.withLock { state in
            state.uplink = nil
            state.links = [:]
        }
    }

    /// How many links bring packets to the fast path.
    var count: Int { self.state.withLock { $0.links.count } }
}
