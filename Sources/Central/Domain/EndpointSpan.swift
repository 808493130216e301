package import Foundation
package import Wire

/// A time in which a tunnel ended at one address, as its PoP reported.
package struct EndpointSpan: Hashable, Sendable {
    package let tunnel: TunnelNumber
    package let since: Date

    /// When it was reported elsewhere, or nowhere; nil while it is there.
    package let until: Date?
}
