/// What is answered, whole.
package struct Response: Sendable {
    package var status: Status

    /// Without those that belong to the connection: length, date and whether it stays open are added.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        _ status: Status = .ok,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A text of some type.
    package init(_ status: Status = .ok, type: String, _ text: String) {
        self.init(status, headers: [(name: "Content-Type", value: type)], body: Array(text.utf8))
    }

    /// A refusal as a line of plain text.
    package init(_ refusal: Refusal) {
        self.init(refusal.status, type: Self.plainText, "\(refusal)\n")
        self.headers += refusal.headers
    }

    package static let plainText = "text/plain; charset=utf-8"

    /// The value of a header, of several the first; names are compared without regard to case.
    package func header(_ name: String) -> String? {
        self.headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
