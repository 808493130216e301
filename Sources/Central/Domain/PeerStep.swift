package import Foundation
package import Wire

/// What a PoP's probes to the others measured in a step.
package struct PeerStep: Hashable, Sendable {
    /// When the step begins.
    package let time: Date
    package let probes: PeerProbes
}
