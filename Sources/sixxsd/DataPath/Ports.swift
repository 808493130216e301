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

    init(family: AddressFamily) throws(SystemCallError) {
        let ayiya = try UDPSocket(port: AYIYAPacket.port, family: family)
        let heartbeat = try UDPSocket(port: HeartbeatMessage.port, family: family)
        let sixInFour = try RawSocket(protocolNumber: ProtocolNumber.ipv6, family: family)
        let gre = try RawSocket(protocolNumber: ProtocolNumber.gre, family: family)
        let icmp = try RawSocket(icmpOver: family)
        let transmitter = try RawTransmitter(family: family)
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
        self.tun = try TUNDevice(name: tunName)
        self.ipv4 = try OuterPorts(family: .ipv4)
        self.ipv6 = try OuterPorts(family: .ipv6)
    }
}
