import Foundation
import Testing
import Wire

@testable import LinuxIO

@Suite("Route watch", .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
struct RouteWatchTests {
    private static let destination = IPv4Address(203, 0, 113, 0)

    /// Longer than any test may take: a wait that does not end by itself fails the test by its time.
    private static let long: CInt = 60_000

    @Test(.timeLimit(.minutes(1)))
    func endsWithAChange() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let watch = try RouteWatch(.ways)
            try netlink.addIPv4Route(to: Self.destination, through: try NetworkDevice(named: "lo"))

            #expect(watch.wait(atMost: Self.long) == [.route(Self.destination, prefixLength: 24)])
            #expect(watch.wait(atMost: 0) == [])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func tellsOfItsOwnSubjectOnly() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let watch = try RouteWatch(.ownState)
            try netlink.addIPv4Route(to: Self.destination, through: try NetworkDevice(named: "lo"))

            #expect(watch.wait(atMost: 0) == [])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func endsWithAQuestionOnce() throws {
        try NetworkNamespace.run {
            let question = try WakeUp()
            let watch = try RouteWatch(.ways, or: question)
            question.signal()

            #expect(watch.wait(atMost: Self.long) == [])
            // Drained.
            #expect(!question.drain())
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func takesUnreadWhatComesWhileItSettles() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let loopback = try NetworkDevice(named: "lo")
            let watch = try RouteWatch(.ways)
            for last in 0..<200 as Range<UInt8> {
                try netlink.addIPv4Route(to: IPv4Address(10, 0, last, 0), through: loopback)
            }

            watch.settle(for: 1)

            #expect(watch.wait(atMost: 0) == [])
            try netlink.addIPv4Route(to: Self.destination, through: loopback)
            #expect(watch.wait(atMost: Self.long).count == 1, "and goes on")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func waitsNoMoreOnceStopped() throws {
        try NetworkNamespace.run {
            let watch = try RouteWatch(.ways)
            #expect(!watch.isStopped)
            let thread = Foundation.Thread { watch.stop() }
            thread.start()

            _ = watch.wait(atMost: Self.long)

            #expect(watch.isStopped)
            watch.settle(for: Self.long)
            #expect(watch.wait(atMost: Self.long) == [])
        }
    }
}
