import Core
import LinuxIO
import Synchronization
import Wire

/// Everything that packets enter and leave the daemon through, with outer headers of one IP version.
struct UnderlaySockets: ~Copyable, Sendable {
    let sixInFour: RawSocket
    let gre: RawSocket
    let ayiya: UDPSocket
    /// Sends datagrams as segments of one message; nil where none are sent.
    private let segments: SegmentSocket?
    /// The first worker's alone.
    let control: ControlSockets?
    let transmitter: RawTransmitter
    /// Sends what the kernel refuses because of what somebody said of the path, over IPv4.
    private let insistent: InsistentSocket?
    /// The port that datagrams leave from as segments of one message; nil where none do.
    var segmentPort: UInt16? { self.segments == nil ? nil : OuterPayload.ayiya.localPort }
    /// Of the socket that sends them; -1 where none are sent.
    var segmentDescriptor: CInt { self.segments?.socket.fileDescriptor ?? -1 }
    /// Of the socket that sends what the kernel refuses because of what it learnt; -1 where there is none.
    var insistentDescriptor: CInt { self.insistent?.socket.fileDescriptor ?? -1 }

    init(
        family: AddressFamily,
        _ options: DataPathOptions,
        _ share: TrafficShare
    ) throws(SystemCallError) {
        let ayiya = try UDPSocket(
            port: OuterPayload.ayiya.localPort,
            family: family,
            share: share,
            spreadBy: OuterPayload.ayiya.tunnelOffset
        )
        let control = share.index == 0 ? try ControlSockets(family: family) : nil
        // Over IPv4 the headers come with the packets.
        let tellsOrigins = family == .ipv6
        let sixInFour = try RawSocket(
            protocolNumber: ProtocolNumber.ipv6,
            family: family,
            tellsOrigins: tellsOrigins,
            share: share
        )
        let gre = try RawSocket(
            protocolNumber: ProtocolNumber.gre,
            family: family,
            tellsOrigins: tellsOrigins,
            share: share
        )
        let transmitter = try RawTransmitter(family: family)
        // Over IPv6 nothing that is said goes below 1280 octets, and a router's advertisement counts as the path's.
        let insistent = family == .ipv4 ? try InsistentSocket(family: family) : nil
        if options.usesOffloads { ayiya.receiveSegments() }
        let sendsSegments = options.usesOffloads && ayiya.canSendSegments
        let segments = sendsSegments ? try SegmentSocket(beside: ayiya) : nil
        self.insistent = insistent
        self.segments = segments
        self.ayiya = ayiya
        self.control = control
        self.sixInFour = sixInFour
        self.gre = gre
        self.transmitter = transmitter
    }
}

/// What datagrams leave through as segments of one message, beside the socket that receives at their port.
private final class SegmentSocket: Sendable {
    let socket: UDPSocket

    init(beside ayiya: borrowing UDPSocket) throws(SystemCallError) {
        self.socket = try UDPSocket(sendingFor: ayiya, port: OuterPayload.ayiya.localPort)
        try self.socket.prepareForSegments(hopLimit: Engine.outerHopLimit)
    }
}

/// What packets leave through that the kernel refuses because of what it learnt of their path.
private final class InsistentSocket: Sendable {
    let socket: RawTransmitter

    init(family: AddressFamily) throws(SystemCallError) {
        self.socket = try RawTransmitter(family: family, ignoresPathMTUs: true)
    }
}

/// What so little comes through that one worker takes it all.
final class ControlSockets: Sendable {
    let heartbeat: UDPSocket
    let icmp: RawSocket

    init(family: AddressFamily) throws(SystemCallError) {
        self.heartbeat = try UDPSocket(port: HeartbeatMessage.port, family: family)
        self.icmp = try RawSocket(icmpOver: family)
    }
}

/// Everything that a worker's packets enter and leave the daemon through.
final class WorkerSockets: Sendable {
    let tun: TUNDevice
    let ipv4: UnderlaySockets
    let ipv6: UnderlaySockets
    /// Where packets go straight to links.
    let link: LinkSocket?
    /// Sees what links merge, or why nothing does.
    let tapping: Result<LinkTap, SystemCallError>
    /// Moves many packets of the device with one system call, or why nothing does; nil once a thread has it.
    private let ring: Mutex<Result<DeviceRing, SystemCallError>?>
    let options: DataPathOptions
    /// Which part of the traffic comes through here.
    let share: TrafficShare

    /// Opens the TUN device and all sockets, for each of some workers.
    ///
    /// - Throws: ``SystemCallError``, for instance when another daemon has the device or a port.
    static func open(
        tunName: String,
        _ options: DataPathOptions,
        nextHops: NextHopService?,
        workers: Int
    ) throws(SystemCallError) -> [WorkerSockets] {
        // Before the sockets, which are to receive nothing that was not seen.
        let taps = Result { () throws(SystemCallError) in try LinkTap.open(shares: workers) }
        var all: [WorkerSockets] = []
        for index in 0..<workers {
            let share = TrafficShare(index: index, of: workers)
            all.append(try WorkerSockets(tunName: tunName, options, nextHops, taps.map { $0[index] }, share))
        }
        return all
    }

    /// Sees what links merge; nil where it must be guessed.
    var tap: LinkTap? { try? self.tapping.get() }

    /// Gives the ring of the device to the one thread that uses it; nil where none is wanted.
    func takeRing() -> sending Result<DeviceRing, SystemCallError>? {
        self.ring.withLock { ring in
            let taken = ring
            ring = nil
            return taken
        }
    }

    /// Opens a queue of the TUN device, and sockets.
    ///
    /// - Throws: ``SystemCallError``, for instance when another daemon has the device or a port.
    private init(
        tunName: String,
        _ options: DataPathOptions,
        _ nextHops: NextHopService?,
        _ tapping: Result<LinkTap, SystemCallError>,
        _ share: TrafficShare
    ) throws(SystemCallError) {
        self.options = options
        self.tapping = tapping
        self.share = share
        // First what another daemon would have too: a queue of its device would be given to us, packets and all.
        let ipv4 = try UnderlaySockets(family: .ipv4, options, share)
        self.ipv6 = try UnderlaySockets(family: .ipv6, options, share)
        self.tun = try TUNDevice(
            name: tunName,
            wantsOffloads: options.usesOffloads,
            isOneOfSeveral: share.count > 1
        )
        // Here and not on the thread that uses it: whose limit pinned memory counts against is asked when a ring is made, and root
        // has none yet.
        self.ring = Mutex(options.wantsRing ? Self.makeRing(for: self.tun) : nil)
        if let nextHops {
            self.link = try LinkSocket(nextHops, beside: ipv4.transmitter)
        } else {
            self.link = nil
        }
        self.ipv4 = ipv4
    }

    private static func makeRing(
        for tun: borrowing TUNDevice
    ) -> sending Result<DeviceRing, SystemCallError> {
        do throws(SystemCallError) { return .success(try DeviceRing(for: tun)) } catch {
            return .failure(error)
        }
    }
}
