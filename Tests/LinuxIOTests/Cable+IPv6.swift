import CLinux
import Glibc
import Wire

@testable import LinuxIO

// What tests need to be done to the kernel's tables of IPv6.
extension RouteNetlink {
    mutating func addIPv6Route(
        to destination: IPv6Prefix,
        via gateway: IPv6Address? = nil,
        through device: NetworkDevice? = nil,
        kind: Int = RTN_UNICAST,
        mtu: UInt32? = nil,
        locksMTU: Bool = false
    ) throws {
        let length = UInt8(destination.length)
        try self.addRoute(AF_INET6, length, kind, mtu: mtu, locksMTU: locksMTU) { request in
            request.attribute(Int(RTA_DST.rawValue), destination.address)
            if let gateway { request.attribute(Int(RTA_GATEWAY.rawValue), gateway) }
            if let device { request.attribute(Int(RTA_OIF.rawValue), device.index) }
        }
    }

    mutating func addNeighbour(
        _ address: IPv6Address,
        _ linkAddress: [UInt8],
        on device: NetworkDevice
    ) throws {
        try self.addNeighbour(AF_INET6, linkAddress, on: device, CInt(NUD_PERMANENT)) {
            $0.attribute(Int(NDA_DST), address)
        }
    }
}
