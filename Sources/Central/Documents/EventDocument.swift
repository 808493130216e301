internal import Wire

/// Something that happened as `--json` prints it.
package struct EventDocument: Encodable, Hashable, Sendable {
    package let time: String
    @ExplicitNull package private(set) var pop: String?
    @ExplicitNull package private(set) var tunnel: String?
    package let kind: String
    package let detail: String

    package init(_ event: FleetEvent, in fleet: FleetSnapshot) {
        self.time = event.time.iso8601
        self.pop = event.popID.flatMap { fleet.pop($0)?.name.description }
        self.tunnel = event.tunnel?.description
        self.kind = event.kind.rawValue
        self.detail = event.detail
    }
}
