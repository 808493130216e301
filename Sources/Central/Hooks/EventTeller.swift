internal import Foundation
internal import Logging
internal import Wire

/// Looks for new events, and tells them: seldom ones one by one, many that come together as one.
///
/// It goes on where the last one stopped. An event is told at least once: after a kill between the end of the program and
/// the note of it, again under the same number.
struct EventTeller: Sendable {
    /// How many runs there are within a minute.
    static let mostRuns = 30

    /// How many events are read at once.
    private static let most = 1000

    /// After which pauses a notice that was not taken is tried again.
    private static let pauses: [Duration] = [.seconds(1), .seconds(5)]

    private let store: FleetStore
    private let logger: Logger

    /// Takes a notice; says what went wrong, or nil.
    private let deliver: @Sendable (String) async -> String?
    private let pause: @Sendable (Duration) async -> Void
    private var filter = FlapFilter()

    /// The number of the event that was told last, also where it could not be written down: a disk that is full must not have
    /// everything told each second anew.
    private var reached: Int64?

    /// When the runs of the last minute were.
    private var runs: [Duration] = []

    init(
        store: FleetStore,
        logger: Logger,
        pause: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) },
        deliver: @escaping @Sendable (String) async -> String?
    ) {
        self.store = store
        self.logger = logger
        self.pause = pause
        self.deliver = deliver
    }

    /// Tells what is new each second, until it is cancelled.
    func run() async {
        var teller = self
        var trouble: String?
        let began = ContinuousClock.now
        while !Task.isCancelled {
            do {
                try await teller.turn(at: ContinuousClock.now - began, Date())
                trouble = nil
            } catch {
                // Said once, and not each second.
                if trouble != "\(error)" { self.logger.error("events are not told: \(error)") }
                trouble = "\(error)"
            }
            await self.pause(.seconds(1))
        }
    }

    /// Tells what is new.
    ///
    /// - Parameters:
    ///   - now: The time, by a clock that never steps.
    ///   - date: The present date.
    /// - Throws: ``RegistryError`` when the store can't be read or written.
    mutating func turn(at now: Duration, _ date: Date) async throws {
        self.runs.removeAll { now - $0 >= .seconds(60) }
        let free = Self.mostRuns - self.runs.count
        guard free > 0 else { return }
        guard let (told, stored) = try await self.position() else { return }
        let events = try await self.store.history.events(after: told, limit: Self.most)
        // What stands for an hour is told with what came since.
        var news = self.filter.summaries(at: now, date).map { (number: Int64?.none, event: $0) }
        news += events.filter { self.filter.tells($0.event, at: now) }.map { ($0.number, $0.event) }
        let untold = news.isEmpty ? nil : await self.tell(news, free, now, date)
        let last = untold.map { $0 - 1 } ?? events.last?.number ?? told
        self.reached = last
        guard last != stored else { return }
        // A task of its own: what was told is remembered even when the service ends.
        let rounds = self.store.rounds
        try await Task { try await rounds.setTold(last) }.value
    }

    /// The number of the event that was told last, and the one that the store knows of; nil where the past begins now.
    private func position() async throws -> (told: Int64, stored: Int64)? {
        let newest = try await self.store.history.newestEvent()
        guard let stored = try await self.store.rounds.told() else {
            try await self.store.rounds.setTold(newest)
            return nil
        }
        // Numbers fall where a PoP was removed with all its events, and are given again.
        return (min(self.reached ?? stored, newest), stored)
    }

    /// Tells news, until the service ends.
    ///
    /// - Returns: The number of the first event that was not told; nil when all were.
    private mutating func tell(
        _ news: [(number: Int64?, event: FleetEvent)],
        _ free: Int,
        _ now: Duration,
        _ date: Date
    ) async -> Int64? {
        let pops = (try? await self.store.registry.snapshot(of: .infrastructure).pops) ?? []
        let names = Dictionary(uniqueKeysWithValues: pops.map { ($0.id, $0.name) })
        let alone = news.count <= free ? news[...] : news.prefix(free - 1)
        var notices = alone.map {
            EventNotice($0.event, number: $0.number, pop: $0.event.popID.flatMap { names[$0] })
        }
        let rest = news.dropFirst(alone.count).map(\.event)
        if !rest.isEmpty { notices.append(EventNotice(summaryOf: rest, at: date)) }
        for (place, notice) in notices.enumerated() {
            self.runs.append(now)
            guard await self.deliver(notice) else { return news[place...].lazy.compactMap(\.number).first }
        }
        return nil
    }

    /// - Returns: Whether the notice is done with, told or not; false when the service ends.
    private func deliver(_ notice: EventNotice) async -> Bool {
        guard !Task.isCancelled else { return false }
        guard let line = try? notice.line() else { return true }
        var trouble = await self.deliver(line)
        for pause in Self.pauses where trouble != nil && !Task.isCancelled {
            await self.pause(pause)
            trouble = await self.deliver(line)
        }
        guard let trouble else { return true }
        guard !Task.isCancelled else { return false }
        self.logger.error("the program for events was not told '\(notice.text)': \(trouble)")
        return true
    }
}
