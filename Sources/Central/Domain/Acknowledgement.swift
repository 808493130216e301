package import Foundation

/// That an operator knows of a PoP's trouble, so that monitoring does not alarm for it until a time.
package struct Acknowledgement: Hashable, Sendable {
    package let since: Date
    package let until: Date
    package let author: String
    package let reason: String

    /// The longest that one can last, in seconds: who forgets it must be alarmed again.
    package static let longest: TimeInterval = 92 * 86400

    /// Whether it counts at a time.
    package func isValid(at time: Date) -> Bool { time < self.until }

    /// Until when, by whom and why.
    package var words: String { "acknowledged until \(self.until.iso8601) by \(self.author): \(self.reason)" }
}
