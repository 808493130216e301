package import Foundation

/// What of the past is wanted: the newest so many, and nothing from before a time.
package struct HistoryWindow: Hashable, Sendable {
    package var since: Date?
    package var last: Int?

    package init(since: Date? = nil, last: Int? = nil) {
        self.since = since
        self.last = last
    }

    /// How many rows a query may give, when nothing is said.
    package func limit(_ usual: Int) -> Int { self.last ?? (self.since == nil ? usual : 1_000_000) }
}
