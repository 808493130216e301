import LinuxIO
import SystemPackage
import Testing

@Suite("Poller, WakeUp and clocks")
struct PollerTests {
    @Test
    func namesTheDescriptorThatIsReady() throws {
        let poller = try Poller()
        let quiet = try WakeUp()
        let loud = try WakeUp()
        try poller.add(quiet.fileDescriptor, token: 1)
        try poller.add(loud.fileDescriptor, token: .max)

        loud.signal()

        #expect(try poller.wait(timeoutInMilliseconds: 1000) == 1)
        #expect(poller.token(at: 0) == .max)
        #expect(poller.readiness(at: 0) == .readable)
    }

    @Test
    func returnsNothingAfterTheTime() throws {
        let poller = try Poller()
        let quiet = try WakeUp()
        try poller.add(quiet.fileDescriptor, token: 1)
        let start = MonotonicClock.now()

        #expect(try poller.wait(timeoutInMilliseconds: 20) == 0)

        #expect(MonotonicClock.now() - start >= 19_000_000)
    }

    @Test
    func drainQuietsTheDescriptor() throws {
        let poller = try Poller()
        let wakeUp = try WakeUp()
        try poller.add(wakeUp.fileDescriptor, token: 1)
        wakeUp.signal()
        wakeUp.signal()

        #expect(wakeUp.drain())

        #expect(!wakeUp.drain())
        #expect(try poller.wait(timeoutInMilliseconds: 0) == 0)
    }

    @Test
    func wakesFromAnotherThread() throws {
        let poller = try Poller()
        let wakeUp = try WakeUp()
        try poller.add(wakeUp.fileDescriptor, token: 7)

        try Thread.run { wakeUp.signal() }

        #expect(try poller.wait(timeoutInMilliseconds: nil) == 1)
    }

    @Test
    func watchesForRoomToWrite() throws {
        let poller = try Poller(capacity: 1)
        let wakeUp = try WakeUp()
        try poller.add(wakeUp.fileDescriptor, token: 3, for: [.readable, .writable])

        #expect(try poller.wait(timeoutInMilliseconds: 0) == 1)
        #expect(poller.readiness(at: 0) == .writable)
        try poller.remove(wakeUp.fileDescriptor)
        #expect(try poller.wait(timeoutInMilliseconds: 0) == 0)
        #expect(throws: SystemCallError.self) { try poller.remove(wakeUp.fileDescriptor) }
    }

    @Test
    func clocksTellPlausibleTimes() {
        #expect(WallClock.secondsSince1970() > 1_700_000_000)
        #expect(HostUptime.seconds() >= MonotonicClock.now() / 1_000_000_000)
    }
}
