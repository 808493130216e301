import Core
import LinuxIO
import Wire

/// Everything that packets enter and leave the daemon through, of one IP version outside.
struct OuterPorts: ~Copyable, Sendable {
    let sixInFour: RawSocket
    let gre: RawSocket
    let icmp: RawSocket
    let ayiya: UDPSocket
    let heartbeat: UDPSocket
    let transmitter: RawTransmitter
    /// Whether AYIYA's socket sends runs of datagrams.
    let sendsRuns: Bool

    init(family: AddressFamily, _ options: DataPathOptions) throws(SystemCallError) {
        let ayiya = try UDPSocket(port: AYIYAPacket.port, family: family)
        let heartbeat = try UDPSocket(port: HeartbeatMessage.port, family: family)
        // Over IPv4 the headers come with the packets.
        let tellsOrigins = family == .ipv6
        let sixInFour = try RawSocket(
            protocolNumber: ProtocolNumber.ipv6,
            family: family,
            tellsOrigins: tellsOrigins
        )
        let gre = try RawSocket(
            protocolNumber: ProtocolNumber.gre,
            family: family,
            tellsOrigins: tellsOrigins
        )
        let icmp = try RawSocket(icmpOver: family)
        let transmitter = try RawTransmitter(family: family)
        let sendsRuns = options.usesOffloads && ayiya.canSendRuns
        if options.usesOffloads { ayiya.receiveRuns() }
        if sendsRuns { try ayiya.prepareForRuns(hopLimit: Engine.outerHopLimit) }
        self.sendsRuns = sendsRuns
        self.ayiya = ayiya
        self.heartbeat = heartbeat
        self.sixInFour = sixInFour
        self.gre = gre
        self.icmp = icmp
        self.transmitter = transmitter
    }
}

/// Everything that packets enter and leave the daemon through.
final class Ports: Sendable {
    let tun: TUNDevice
    let ipv4: OuterPorts
    let ipv6: OuterPorts
    let options: DataPathOptions

    /// Opens the TUN device and all sockets.
    ///
    /// - Throws: ``SystemCallError``, for instance when another daemon has the device or a port.
    init(tunName: String, _ options: DataPathOptions) throws(SystemCallError) {
        self.options = options
        self.tun = try TUNDevice(name: tunName, wantsOffloads: options.usesOffloads)
        self.ipv4 = try OuterPorts(family: .ipv4, options)
        self.ipv6 = try OuterPorts(family: .ipv6, options)
    }
}
