import LinuxIO
import Testing
import Wire

@testable import Core
@testable import sixxsd

@Suite("A batch of datagrams") struct DatagramBatchTests {
    private struct Datagram {
        var source: UInt32 = 0xc000_022a
        var remotePort: UInt16 = 40000
        var localPort: UInt16 = 5072
        var trafficClass: UInt8 = 0
        var flowLabel: UInt32 = 0
        var payload = 1000
        var isIPv6 = false

        var headers: OuterDatagram {
            let path = OuterPath(
                local: self.isIPv6
                    ? .ipv6(IPv6Address(high: UInt64(self.source), low: 1)) : .ipv4(IPv4Address(self.source)),
                remote: self.isIPv6
                    ? .ipv6(IPv6Address(high: 2, low: 3)) : .ipv4(IPv4Address(0xcb00_7101)),
                localPort: self.localPort,
                remotePort: self.remotePort
            )
            return OuterDatagram(path: path, trafficClass: self.trafficClass, flowLabel: self.flowLabel)
        }

        func begin() -> DatagramBatch? {
            DatagramBatch(self.headers, payload: self.payload, from: 5072)
        }
    }

    /// How many of the datagrams a batch takes that begins with the first.
    private static func length(_ datagrams: [Datagram]) -> Int {
        guard var batch = datagrams.first?.begin() else { return 0 }
        return 1 + datagrams.dropFirst().prefix { batch.takes($0.headers, payload: $0.payload) }.count
    }

    @Test(arguments: [false, true])
    func takesThoseOfOneLengthAndAShorterOneAtItsEnd(_ isIPv6: Bool) {
        let datagram = Datagram(isIPv6: isIPv6)
        let short = Datagram(payload: 999, isIPv6: isIPv6)
        let long = Datagram(payload: 1001, isIPv6: isIPv6)

        #expect(Self.length([datagram, datagram, datagram]) == 3)
        #expect(Self.length([datagram, datagram, short, short]) == 3)
        #expect(Self.length([datagram, datagram, long]) == 2)
        #expect(Self.length([datagram, short, datagram]) == 2)
    }

    @Test func takesNoMoreThanTheKernelDoes() {
        #expect(Self.length([Datagram](repeating: Datagram(payload: 100), count: 70)) == 64)
        #expect(Self.length([Datagram](repeating: Datagram(payload: 1400), count: 70)) == 46)
    }

    @Test(arguments: [false, true])
    func endsWhereSomethingElseBegins(_ isIPv6: Bool) {
        let first = Datagram(isIPv6: isIPv6)
        let others = [
            Datagram(source: 1, isIPv6: isIPv6), Datagram(remotePort: 1, isIPv6: isIPv6),
            Datagram(localPort: 3740, isIPv6: isIPv6), Datagram(trafficClass: 3, isIPv6: isIPv6),
            Datagram(flowLabel: 7, isIPv6: isIPv6), Datagram(isIPv6: !isIPv6),
        ]
        for other in others { #expect(Self.length([first, other]) == 1, "\(other)") }
    }

    // swift-format-ignore
    @Test func isNotBegunBy() {
        #expect(Self.length([Datagram(localPort: 3740)]) == 0, "another port of ours")
        #expect(Self.length([Datagram(payload: 0)]) == 0, "nothing inside")
    }

    @Test func saysWhatTheKernelMustKnow() {
        let datagram = Datagram(trafficClass: 0xb9)
        let batch = datagram.begin()

        #expect(datagram.headers.headerLength == 28)
        #expect(Datagram(isIPv6: true).headers.headerLength == 48)
        #expect(batch?.description.local == .ipv4(IPv4Address(0xc000_022a)))
        #expect(batch?.description.remote == .ipv4(IPv4Address(0xcb00_7101)))
        #expect(batch?.description.remotePort == 40000)
        #expect(batch?.description.trafficClass == 0xb9)
        #expect(batch?.description.segmentSize == 1000)
    }
}
