import Core
import Foundation
import LinuxIO
import Synchronization
import Testing
import Wire

@testable import sixxsd

@Suite("Work that is brought to an engine") struct EngineMailboxTests {
    /// What was done, in order.
    private final class Diary: Sendable {
        private let entries = Mutex<[String]>([])

        func note(_ entry: String) { self.entries.withLock { $0.append(entry) } }

        var all: [String] { self.entries.withLock { $0 } }
    }

    @Test func isFinishedBeforeWhoeverWaitsIsTold() async throws {
        let mailbox = try EngineMailbox()
        let diary = Diary()
        let thread = Thread {
            var engine = Engine(EngineConfiguration(Configuration()), seed: 1, at: Timestamp.now())
            guard let poller = try? Poller(capacity: 1),
                (try? poller.add(mailbox.fileDescriptor, token: 0)) != nil,
                (try? poller.wait(timeoutInMilliseconds: nil)) != nil
            else { return }
            mailbox.deliver(to: &engine, at: Timestamp.now()) { _ in diary.note("finished") }
        }
        thread.start()

        await mailbox.perform { _, _ in diary.note("done") }
        diary.note("told")

        #expect(diary.all == ["done", "finished", "told"])
    }
}
