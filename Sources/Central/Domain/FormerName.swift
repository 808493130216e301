package import Foundation

/// What a PoP was called before it was renamed.
package struct FormerName: Hashable, Sendable {
    package let popID: Int
    package let name: PoPName
    package let until: Date
}
