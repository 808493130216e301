package import Foundation

/// Reads who makes the rounds, and whether one is under way.
package struct ReadRounds: Sendable {
    package init() {}

    /// Nobody for what nobody does.
    package struct Answer: Sendable {
        package let serving: LeaseHolder?

        /// Who makes a round, or pushes by hand.
        package let underWay: LeaseHolder?
    }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre, now: Date) async throws -> Answer {
        let (serving, round) = (
            try await centre.store.rounds.holder(of: .serve), try await centre.store.rounds.holder(of: .round)
        )
        return Answer(
            serving: serving.flatMap { $0.until > now ? $0 : nil },
            underWay: round.flatMap { $0.until > now ? $0 : nil }
        )
    }
}
