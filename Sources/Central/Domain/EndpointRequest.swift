package import Foundation
package import Wire

/// A wish of a tunnel's user that it end somewhere else, and what became of it.
///
/// These are kept for a week and are no part of the audit: some routers get another address every few minutes.
package struct EndpointRequest: Hashable, Sendable {
    /// What became of a wish.
    package enum State: String, Sendable {
        /// The registry has the new endpoint.
        case applied
        /// It came too soon after others; the newest such is applied later.
        case deferred
        /// Another came after it, before it was applied.
        case superseded
    }

    package let number: Int64
    package let tunnel: TunnelNumber

    /// Of the PoP that the tunnel was at.
    package let popID: Int
    package let time: Date
    package let old: IPAddress
    package let new: IPAddress

    /// Who asked; nil where that is not known.
    package let client: IPAddress?
    package let state: State
}

/// By what right somebody tells where a tunnel ends.
package struct EndpointClaim: Hashable, Sendable {
    let owner: UserHandle
    let key: UpdateKey

    /// Whether a tunnel has that owner and that key.
    func holds(of tunnel: Tunnel) -> Bool {
        // Compared even where there is nothing to compare with, so that both take as long.
        let isKey = (tunnel.updateKey ?? UpdateKey(of: "")).matches(self.key)
        return tunnel.updateKey != nil && isKey && tunnel.owner == self.owner
    }
}

/// What an endpoint update leads to.
package enum EndpointOutcome: Hashable, Sendable {
    /// The tunnel ends there from now on.
    case changed(from: IPAddress)

    /// It ends there already.
    case unchanged

    /// There were too many changes: the newest is applied by itself after so many seconds.
    case deferred(seconds: Int)

    /// There are far too many changes; nothing is kept of this one.
    case tooMany

    /// Whoever asks has no right to, or not any more; nothing is kept of this one.
    case unauthorized
}

/// How often tunnels may change their endpoints.
package enum EndpointPace {
    /// In seconds, and how many changes there may be within them.
    static let short: (span: TimeInterval, most: Int) = (600, 5)

    /// In seconds, and how many wishes are kept within them.
    static let long: (span: TimeInterval, most: Int) = (3600, 50)

    /// For how long wishes are kept, in seconds.
    static let keptFor: TimeInterval = 7 * 86_400
}

/// What a PoP's daemon may run besides its generation, since endpoints were changed there between two rounds.
package struct PatchedState: Hashable, Sendable {
    package let popID: Int

    /// What the patch is applied to.
    package let generation: Int

    /// SHA-256 of the text that it leads to.
    package let digest: String

    /// The patch from the generation's text, whatever ran between.
    package let patch: String
}
