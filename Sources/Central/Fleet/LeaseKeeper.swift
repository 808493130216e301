internal import Foundation
internal import Logging

/// Takes a lease, renews it while something is done, and gives it back.
struct LeaseKeeper: Sendable {
    let store: any RoundStore
    let lease: Lease

    /// For how long it is taken each time.
    let duration: Duration
    let logger: Logger

    /// Tries to take the lease until it is had, or the time is over.
    ///
    /// Calls back once for each holder that is in the way.
    ///
    /// - Returns: Nil once it is had; else who has it.
    /// - Throws: ``RegistryError``, or `CancellationError`.
    func take(
        within patience: Duration,
        waiting: (LeaseHolder) -> Void = { _ in }
    ) async throws -> LeaseHolder? {
        let deadline = ContinuousClock.now + patience
        var known: String?
        while let other = try await self.store.lease(self.lease, for: self.duration) {
            if other.name != known { waiting(other) }
            known = other.name
            guard .now < deadline else { return other }
            try await Task.sleep(for: .milliseconds(250))
        }
        return nil
    }

    /// Does something while the lease is renewed, and gives it back; cancelled when the lease is lost.
    func keep<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        guard let term = try await self.store.term(of: self.lease) else {
            throw RegistryError.refused("the lease was lost before anything was done")
        }
        let fences = LeaseFence.held + [LeaseFence(lease: self.lease, term: term)]
        let work = Task { try await LeaseFence.$held.withValue(fences) { try await body() } }
        let renewal = Task {
            await self.renew()
            work.cancel()
        }
        let result = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
        renewal.cancel()
        // A task of its own: the lease is given back even when the program is asked to end.
        await Task { try? await self.store.give(back: self.lease) }.value
        return try result.get()
    }

    /// Returns when the lease is lost, or when it is no longer wanted.
    private func renew() async {
        var deadline = ContinuousClock.now + self.duration
        while !Task.isCancelled {
            // Cancelled: the loop looks.
            try? await Task.sleep(for: self.duration / 3)
            guard !Task.isCancelled else { return }
            do {
                if let other = try await self.store.lease(self.lease, for: self.duration) {
                    return self.logger.error("the lease was lost to \(other.name)")
                }
                deadline = .now + self.duration
            } catch {
                self.logger.error("the lease could not be renewed: \(error)")
                guard .now < deadline else { return }
            }
        }
    }
}

extension Round {
    /// A round that was killed keeps others away no longer.
    private static let leaseDuration = Duration.seconds(15)

    /// Runs when no other round is under way, of this or of any other process.
    ///
    /// - Throws: ``RegistryError/refused(_:)`` when another one did not end in time.
    package func runAlone(
        only names: [PoPName] = [],
        within patience: Duration,
        waiting: (LeaseHolder) -> Void = { _ in }
    ) async throws -> [Outcome] {
        let keeper = LeaseKeeper(
            store: self.store.rounds,
            lease: Lease(.round, of: self.author),
            duration: Self.leaseDuration,
            logger: self.logger
        )
        if let other = try await keeper.take(within: patience, waiting: waiting) {
            throw RegistryError.refused(
                "another round is in progress, by \(other.name): try again when it is over"
            )
        }
        return try await keeper.keep { try await self.run(only: names) }
    }
}
