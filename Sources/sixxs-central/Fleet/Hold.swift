internal import Foundation

/// A PoP that is kept on a generation, whatever the registry says, until an operator releases it.
struct Hold: Hashable, Sendable {
    /// What it is kept on; nil for a PoP that nothing was ever confirmed for, which is not pushed to.
    let generation: Int?
    let since: Date
    let author: String
    let reason: String
}
