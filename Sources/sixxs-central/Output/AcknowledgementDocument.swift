internal import Central

/// Until when, by whom and why a PoP's trouble is known, as `--json` prints it.
struct AcknowledgementDocument: Encodable, Hashable, Sendable {
    let since: String
    let until: String
    let by: String
    let reason: String

    init(_ acknowledgement: Acknowledgement) {
        self.since = acknowledgement.since.iso8601
        self.until = acknowledgement.until.iso8601
        self.by = acknowledgement.author
        self.reason = acknowledgement.reason
    }
}
