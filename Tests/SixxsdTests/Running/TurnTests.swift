import Core
import Synchronization
import Testing
import Wire

@testable import sixxsd

/// Changes and looks at what runs take turns; nobody may be forgotten in the line.
@Suite("Turns") struct TurnTests {
    /// What several tasks write at once.
    private final class Shared<Value: Sendable>: Sendable {
        let value: Mutex<Value>

        init(_ value: Value) { self.value = Mutex(value) }
    }

    @Test(.timeLimit(.minutes(2))) func areTakenOneAfterTheOther() async {
        let queue = TurnQueue()
        let inside = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<5_000 {
                        await queue.take()
                        let others = inside.value.withLock { value in
                            defer { value += 1 }
                            return value
                        }
                        if others != 0 { Issue.record("two had the turn at once") }
                        await Task.yield()
                        inside.value.withLock { $0 -= 1 }
                        queue.passOn()
                    }
                }
            }
        }
        await queue.take()
    }

    @Test(.timeLimit(.minutes(2))) func comeInTheOrderOfWhoWaits() async {
        let queue = TurnQueue()
        let order = Shared<[Int]>([])
        await queue.take()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask {
                    await queue.take()
                    order.value.withLock { $0.append(number) }
                    queue.passOn()
                }
                while queue.waiting <= number { await Task.yield() }
            }
            queue.passOn()
        }
        #expect(order.value.withLock { $0 } == Array(0..<50))
    }

    /// A push that waited for the disk came back while sessions were written down, and waited for ever.
    @Test(.timeLimit(.minutes(2))) func forgetNobodyWhoComesWhileAnotherLooks() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let isOver = Shared(false)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    while !isOver.value.withLock({ $0 }) { _ = await bench.controller.withEngines { 0 } }
                }
            }
            group.addTask {
                for number in 0..<1_000 {
                    let mtu = 1280 + number % 200
                    let answer = try? await bench.answers("tunnel set config 0 T4141 203.0.113.10 up \(mtu)")
                    if answer != "200 OK" { Issue.record("\(answer ?? "no answer")") }
                }
                isOver.value.withLock { $0 = true }
            }
        }
    }
}
