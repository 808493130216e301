package import Foundation

/// Notes that somebody who is logged in is still there.
package struct UseSession: Sendable {
    package let session: WebSession

    package init(_ session: WebSession) { self.session = session }

    /// Writes it down if that was not done lately.
    package func run(in centre: Centre, now: Date = Date()) async throws {
        guard now.timeIntervalSince(self.session.used) >= WebSession.precision else { return }
        try await centre.store.accounts.use(self.session.token)
    }
}
