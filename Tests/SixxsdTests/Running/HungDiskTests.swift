import Core
import Foundation
import LinuxIO
import Logging
import Synchronization
import Testing
import Wire

@testable import sixxsd

/// The thread of the disk does not come back until the test lets it.
@Suite("A disk that hangs") struct HungDiskTests {
    /// Keeps the disk's thread until it is released.
    private final class Hang: Sendable {
        private let end = DispatchSemaphore(value: 0)

        init(_ bench: Bench) {
            let begin = DispatchSemaphore(value: 0)
            _ = bench.disk.submit(unlessWaiting: 10) {
                begin.signal()
                self.end.wait()
            }
            begin.wait()
        }

        func release() { self.end.signal() }
    }

    private static let other = Bench.text.replacing("T4141", with: "T4142")

    /// Waits until who needs the disk has reached it; they wait there until the test says otherwise.
    private static func reach(_ count: Int, of bench: Bench) async throws {
        while bench.disk.waiting < count { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test(arguments: ["push", "trial", "saveconfig", "reload"])
    func holdsUpOnlyWhoAskedForIt(_ what: String) async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let hang = Hang(bench)
        let asked = Task {
            switch what {
            case "push": return try await bench.push(2, Self.other)
            case "trial": return try await bench.push(2, Self.other, confirm: 60)
            case "reload":
                _ = try await bench.controller.reload()
                return "200"
            default: return try await bench.answers("pop saveconfig")
            }
        }
        try await Self.reach(1, of: bench)

        #expect(try await bench.answers("pop show status").contains("total"))
        #expect(try await bench.answers("config digest").hasPrefix("200 generation 0 "))
        #expect(try await bench.answers("pop report").contains("T4141"))
        // What runs changes without the disk.
        #expect(try await bench.answers("tunnel set config 0 T4141 203.0.113.10 up 1400") == "200 OK")
        #expect(try await bench.answers("tunnel show T4141").contains("1400"))

        hang.release()
        #expect(try await asked.value.hasPrefix("200"))
        let isPush = what == "push" || what == "trial"
        #expect(try await bench.answers("pop report").contains(isPush ? "T4142" : "T4141"))
        #expect(try await bench.answers("config digest").hasPrefix("200 generation \(isPush ? 2 : 0) "))
    }

    /// The running configuration goes back on time though the file of the trial can't be removed yet.
    @Test func doesNotKeepATrialFromItsEnd() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        #expect(try await bench.push(2, Self.other, confirm: 3600).hasPrefix("200 "))
        let hang = Hang(bench)

        let asked = Task { await bench.controller.rollBack() }
        try await Self.reach(1, of: bench)

        #expect(try await bench.answers("config digest").hasPrefix("200 generation 0 "))
        hang.release()
        #expect(await asked.value == 0)
        #expect(bench.file.loadTrial() == nil)
    }

    /// Confirmed in time: it stays, however long the disk takes.
    @Test func doesNotTakeBackWhatIsBeingConfirmed() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        #expect(try await bench.push(2, Self.other, confirm: 3600).hasPrefix("200 "))
        let hang = Hang(bench)
        let confirmed = Task { try await bench.answers("config confirm 2") }
        try await Self.reach(1, of: bench)

        let late = Task { await bench.controller.rollBack() }
        #expect(try await bench.answers("config digest").hasPrefix("200 generation 2 "))
        hang.release()

        #expect(try await confirmed.value == "200 generation 2 confirmed")
        #expect(await late.value == nil)
        #expect(try await bench.answers("config digest").hasPrefix("200 generation 2 "))
        #expect(try bench.file.load().generation == 2)
    }

    /// The timer of a trial that is over comes late, when another one is under way.
    @Test func aLateTimerEndsNoOtherTrial() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        #expect(try await bench.push(2, Self.other, confirm: 3600).hasPrefix("200 "))
        let first = try #require(await bench.controller.trialIdentity)
        #expect(
            try await bench.push(3, Bench.text.replacing("T4141", with: "T4143"), confirm: 3600).hasPrefix(
                "200 "
            )
        )

        #expect(await bench.controller.rollBack(first) == nil)

        #expect(try await bench.answers("config digest").hasPrefix("200 generation 3 "))
        let second = try #require(await bench.controller.trialIdentity)
        #expect(await bench.controller.rollBack(second) == 0)
    }

    @Test func doesNotHoldUpTheEnd() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let hang = Hang(bench)
        let configuration = try Configuration(parsing: Self.other, file: "other")
        let asked = Task {
            try await bench.controller.replace(
                with: configuration,
                generation: 2,
                confirmWithin: nil,
                isForced: false
            )
        }
        try await Self.reach(1, of: bench)

        asked.cancel()

        let failure = await #expect(throws: ConfigurationFailure.self) { try await asked.value }
        #expect(failure?.description == "refused, since the daemon ends before it could be saved")
        hang.release()
        // Behind it the file says again what runs.
        #expect(try await bench.controller.save() == nil)
        #expect(try bench.file.load().generation == 0)
    }

    @Test func losesMessagesRatherThanHoldUpWhoWritesThem() {
        let written = Messages()
        let queue = LogQueue()
        queue.start()
        let logger = Logger(label: "test") { _ in QueuedLogHandler(written, queue) }
        logger.info("0")
        written.isReached.wait()
        for number in 1..<2000 { logger.info("\(number)") }
        written.gate.signal()
        queue.flush()
        logger.info("last")
        queue.flush()

        let lines = written.lines.withLock { $0 }
        #expect(lines.count < 1100 && lines.first == "0" && lines.last == "last")
        #expect(lines.contains { $0.hasSuffix("lost: they came faster than standard error took them") })
    }
}

/// A log that takes nothing until it is told to.
private final class Messages: LogHandler, @unchecked Sendable {
    let isReached = DispatchSemaphore(value: 0)
    let gate = DispatchSemaphore(value: 0)
    let lines = Mutex<[String]>([])
    private let isOpen = Atomic(false)
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if !self.isOpen.exchange(true, ordering: .relaxed) {
            self.isReached.signal()
            self.gate.wait()
        }
        self.lines.withLock { $0.append("\(event.message)") }
    }
}
