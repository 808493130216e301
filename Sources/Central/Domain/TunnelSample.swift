package import Foundation
package import Wire

/// How a tunnel was in the newest report that had it.
package struct TunnelSample: Hashable, Sendable {
    /// Of the PoP that reported it; a tunnel that moved is at another.
    package let popID: Int
    package let time: Date

    /// Nil when what was said was not believed.
    package let state: ReceivedReport.State?
}
