/// Until when, by whom and why a PoP's trouble is known, as `--json` prints it.
package struct AcknowledgementDocument: Encodable, Hashable, Sendable {
    package let since: String
    package let until: String
    package let by: String
    package let reason: String

    package init(_ acknowledgement: Acknowledgement) {
        self.since = acknowledgement.since.iso8601
        self.until = acknowledgement.until.iso8601
        self.by = acknowledgement.author
        self.reason = acknowledgement.reason
    }
}
