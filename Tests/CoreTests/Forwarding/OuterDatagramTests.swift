import Testing
import Wire

@testable import Core

@Suite("Outer headers that the kernel may write") struct OuterDatagramTests {
    private static func headers(
        _ protocolNumber: UInt8 = ProtocolNumber.udp,
        _ fragmentation: IPv4Header.Fragmentation = .atomic(identification: 7),
        from local: IPAddress = Plan.popIPv4,
        to remote: String = "203.0.113.1"
    ) -> OuterHeaders {
        OuterHeaders(
            path: OuterPath(local: local, remote: ip(remote), localPort: 5072, remotePort: 40000),
            protocolNumber: protocolNumber,
            trafficClass: 0xb9,
            fragmentation: fragmentation,
            flowLabel: 9
        )
    }

    @Test func areADatagramsThatIsNotFragmented() {
        let datagram = Self.headers().datagram

        #expect(datagram?.path == Self.headers().path)
        #expect(datagram?.trafficClass == 0xb9)
        #expect(datagram?.headerLength == 28)
        #expect(datagram?.flowLabel == 0)
    }

    @Test func haveAFlowLabelOverIPv6() {
        let datagram = Self.headers(from: Plan.popIPv6, to: "2001:db8:9::1").datagram

        #expect(datagram?.flowLabel == 9)
        #expect(datagram?.headerLength == 48)
    }

    @Test func areNoOthers() {
        #expect(Self.headers(ProtocolNumber.ipv6).datagram == nil)
        #expect(Self.headers(ProtocolNumber.gre).datagram == nil)
        #expect(Self.headers(ProtocolNumber.udp, .allowed(identification: 7)).datagram == nil)
    }
}
