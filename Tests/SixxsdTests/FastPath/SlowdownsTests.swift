import Foundation
import Synchronization
import Testing

@testable import sixxsd

@Suite("Tunnels that leave the fast path") struct SlowdownsTests {
    private static let long: UInt64 = 60_000_000_000

    @Test func areToldToEachWorkerOnce() {
        let slowdowns = Slowdowns()
        var workers = [Slowdowns.View(slowdowns), Slowdowns.View(slowdowns)]

        let before = workers[0].hasNews(waitingAtMost: Self.long)
        slowdowns.note { true }
        let told = workers.indices.map { workers[$0].hasNews(waitingAtMost: Self.long) }
        let again = workers.indices.map { workers[$0].hasNews(waitingAtMost: Self.long) }

        #expect(!before && told == [true, true] && again == [false, false])
    }

    @Test func areNotToldWhereNoneDoes() {
        let slowdowns = Slowdowns()
        var worker = Slowdowns.View(slowdowns)

        slowdowns.note { false }
        let hasNews = worker.hasNews(waitingAtMost: Self.long)

        #expect(!hasNews)
    }

    @Test func areTakenForGrantedWhereWhoeverWritesTakesTooLong() {
        let slowdowns = Slowdowns()
        var worker = Slowdowns.View(slowdowns)

        var during: [Bool] = []
        slowdowns.note {
            during = [worker.hasNews(waitingAtMost: 0), worker.hasNews(waitingAtMost: 0)]
            return true
        }

        let after = [worker.hasNews(waitingAtMost: 0), worker.hasNews(waitingAtMost: 0)]

        #expect(during == [true, true])
        // And once more when it is over.
        #expect(after == [true, false])
    }

    /// A packet that was left because a row was changed is read before whoever changed it comes to an end.
    @Test func areWaitedForByWorkersThatReadMeanwhile() {
        let slowdowns = Slowdowns()
        let isWriting = Atomic(false)
        let isWritten = Atomic(false)
        let isReading = Atomic(false)
        var worker = Slowdowns.View(slowdowns)

        Thread.detachNewThread {
            slowdowns.note {
                isWriting.store(true, ordering: .sequentiallyConsistent)
                while !isReading.load(ordering: .sequentiallyConsistent) { sched_yield() }
                isWritten.store(true, ordering: .sequentiallyConsistent)
                return true
            }
        }
        while !isWriting.load(ordering: .sequentiallyConsistent) { sched_yield() }
        isReading.store(true, ordering: .sequentiallyConsistent)
        let hasNews = worker.hasNews(waitingAtMost: Self.long)

        #expect(hasNews && isWritten.load(ordering: .sequentiallyConsistent))
    }
}
