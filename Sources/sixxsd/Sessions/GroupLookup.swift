import Foundation
import LinuxIO

/// Finds out in which groups users are, where that may wait for a directory service.
///
/// Only who asks about a user waits for that user's answer, and not for ever.
actor GroupLookup {
    /// What is known of a user.
    struct Entry: Hashable, Sendable {
        /// The user's name; nil when the host doesn't know the user.
        var name: String?
        var groups: Set<UInt32> = []
    }

    private struct Known {
        let entry: Entry
        let end: ContinuousClock.Instant
    }

    /// The most users that are remembered.
    private static let capacity = 1024

    private let read: @Sendable (UInt32) -> Entry
    private let lifetime: Duration
    private let patience: Duration
    private var known: [UInt32: Known] = [:]
    /// Those who wait for an answer, by user and number.
    private var waiting: [UInt32: [Int: CheckedContinuation<Entry?, Never>]] = [:]
    private var count = 0

    /// Creates a memory without content.
    ///
    /// - Parameters:
    ///   - lifetime: How long an answer is good: by then a user who was put into a group is in it.
    ///   - patience: How long an answer is waited for.
    ///   - read: Asks the host, for as long as that takes.
    init(
        lifetime: Duration = .seconds(10),
        patience: Duration = .seconds(5),
        read: @escaping @Sendable (UInt32) -> Entry = GroupLookup.ask
    ) {
        self.lifetime = lifetime
        self.patience = patience
        self.read = read
    }

    private static let ask: @Sendable (UInt32) -> Entry = { user in
        guard let account = AccountDatabase.account(of: user) else { return Entry() }
        return Entry(name: account.name, groups: AccountDatabase.groups(of: account))
    }

    /// What is known of a user; nil when the host doesn't say in time.
    func entry(of user: UInt32) async -> Entry? {
        if let known = self.known[user], known.end > .now { return known.entry }
        return await withCheckedContinuation { self.wait($0, for: user) }
    }

    private func wait(_ continuation: CheckedContinuation<Entry?, Never>, for user: UInt32) {
        if self.waiting[user] == nil { self.ask(about: user) }
        self.count += 1
        let number = self.count
        self.waiting[user, default: [:]][number] = continuation
        Task {
            try? await Task.sleep(for: self.patience)
            self.waiting[user]?.removeValue(forKey: number)?.resume(returning: nil)
        }
    }

    /// Asks on a thread of its own: one that hangs holds up nothing else.
    private func ask(about user: UInt32) {
        let read = self.read
        Thread.detachNewThread {
            let entry = read(user)
            Task { await self.learn(entry, of: user) }
        }
    }

    private func learn(_ entry: Entry, of user: UInt32) {
        if self.known.count >= Self.capacity { self.known = [:] }
        self.known[user] = Known(entry: entry, end: .now + self.lifetime)
        let waiting = self.waiting.removeValue(forKey: user) ?? [:]
        for continuation in waiting.values { continuation.resume(returning: entry) }
    }
}
