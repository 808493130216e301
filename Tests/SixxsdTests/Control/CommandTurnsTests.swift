import Synchronization
import Testing

@testable import sixxsd

@Suite("Commands that take long") struct CommandTurnsTests {
    private static let monitor = Guest(name: .user(1001), isKept: false)
    private static let centre = Guest(name: .user(1000), isKept: true)

    /// Has many of a guest's commands wait; each notes that its turn came.
    private static func ask(
        _ turns: CommandTurns,
        _ guest: Guest,
        count: Int,
        _ begun: Begun
    ) -> [Task<Void, Never>] {
        (0..<count).map { _ in
            Task {
                guard (try? await turns.begin(guest)) != nil else { return }
                begun.names.withLock { $0.append(guest.name) }
            }
        }
    }

    private final class Begun: Sendable {
        let names = Mutex<[Guest.Name]>([])

        func count(_ guest: Guest) -> Int {
            self.names.withLock { names in names.count { $0 == guest.name } }
        }

        func wait(for count: Int, of guest: Guest) async throws {
            while self.count(guest) < count { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    @Test func ofOneUserAreFewAtOnce() async throws {
        let (turns, begun) = (CommandTurns(SessionLimits()), Begun())
        let tasks = Self.ask(turns, Self.monitor, count: 10, begun)
        try await begun.wait(for: 2, of: Self.monitor)
        turns.endWork(Self.monitor)
        turns.endWork(Self.monitor)

        try await turns.begin(Self.centre)

        #expect(begun.count(Self.monitor) == 2)
        turns.endReply(Self.monitor)
        try await begun.wait(for: 3, of: Self.monitor)
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        #expect(begun.count(Self.monitor) == 3)
    }

    @Test func ofOwnersWaitForNobodyElse() async throws {
        let (turns, begun) = (CommandTurns(SessionLimits()), Begun())
        let tasks = Self.ask(turns, Self.monitor, count: 10, begun)
        try await begun.wait(for: 2, of: Self.monitor)

        try await turns.begin(.root)
        try await turns.begin(Guest(owner: 64999))

        for task in tasks { task.cancel() }
    }

    @Test func ofUsersTakeTurns() async throws {
        let turns = CommandTurns(SessionLimits())
        let begun = Begun()
        for _ in 0..<2 { try await turns.begin(Self.monitor) }
        let guests = [Guest](repeating: Self.monitor, count: 10) + [Self.centre, Self.centre]
        await withTaskGroup(of: Void.self) { group in
            for (index, guest) in guests.enumerated() {
                group.addTask {
                    guard (try? await turns.begin(guest)) != nil else { return }
                    begun.names.withLock { $0.append(guest.name) }
                    turns.endWork(guest)
                    turns.endReply(guest)
                }
                while turns.waiting <= index { await Task.yield() }
            }
            for _ in 0..<2 {
                turns.endWork(Self.monitor)
                turns.endReply(Self.monitor)
            }
        }

        #expect(begun.names.withLock { $0.prefix(6).count { $0 == Self.centre.name } } == 2)
    }
}
