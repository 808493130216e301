internal import Foundation
internal import Wire

/// An event as another program is told of it: an object of JSON on one line.
package struct EventNotice: Encodable, Hashable, Sendable {
    /// The event's number in the registry; nil for what stands for several.
    @ExplicitNull package private(set) var number: Int64?
    package let time: String
    @ExplicitNull package private(set) var pop: String?
    @ExplicitNull package private(set) var tunnel: String?
    package let kind: String
    package let detail: String

    /// All of it in one sentence, as a mail's subject would have it.
    package let text: String

    /// Describes an event.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - number: Its number; nil for what stands for several.
    ///   - pop: What its PoP is called.
    package init(_ event: FleetEvent, number: Int64?, pop: PoPName?) {
        self.number = number
        self.time = event.time.iso8601
        self.pop = pop?.description
        self.tunnel = event.tunnel?.description
        self.kind = event.kind.rawValue
        self.detail = event.detail
        let subject = [pop?.description, event.tunnel?.description].compactMap(\.self).joined(separator: " ")
        let detail = event.detail.isEmpty ? "" : ": \(event.detail)"
        self.text = (subject.isEmpty ? "" : "\(subject) ") + event.kind.rawValue + detail
    }

    /// Stands for events that came too close together to be told one by one.
    ///
    /// - Parameters:
    ///   - events: The events.
    ///   - date: The present date.
    init(summaryOf events: [FleetEvent], at date: Date) {
        let kinds = Dictionary(grouping: events, by: \.kind.rawValue).mapValues(\.count)
        let parts = kinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
        self.number = nil
        self.time = date.iso8601
        self.pop = nil
        self.tunnel = nil
        self.kind = "summary"
        self.detail = "\(parts.joined(separator: ", ")); sixxs-central events lists them"
        self.text = "\(events.count.counted("more event")): \(self.detail)"
    }

    /// The object, with a line feed behind it.
    package func line() throws -> String { try JSONText.compact(self) + "\n" }
}
