/// Why a request is not done.
package struct Refusal: Error, Sendable, CustomStringConvertible {
    package let status: Status

    /// A sentence for whoever asked.
    package let reason: String

    /// Headers that go with it.
    package let headers: [(name: String, value: String)]

    package init(_ status: Status, _ reason: String, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.reason = reason
        self.headers = headers
    }

    package var description: String { "\(self.status.rawValue) \(self.status.phrase): \(self.reason)" }
}
