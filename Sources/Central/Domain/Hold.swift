package import Foundation

/// A PoP that is kept on a generation, whatever the registry says, until an operator releases it.
package struct Hold: Hashable, Sendable {
    /// What it is kept on; nil for a PoP that nothing was ever confirmed for, which is not pushed to.
    package let generation: Int?
    package let since: Date
    package let author: String
    package let reason: String
}

extension Hold {
    /// Why a PoP does not follow the registry, and how it does again.
    package func words(for pop: PoPName) -> String {
        "held since \(self.since.iso8601) by \(self.author): \(self.reason); sixxs-central unhold \(pop) ends it"
    }
}
