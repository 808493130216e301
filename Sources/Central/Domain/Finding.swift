/// One thing that `doctor` looked at.
package struct Finding: Encodable, Hashable, Sendable {
    /// How it is.
    package enum Level: String, Encodable, Comparable, Sendable {
        case ok
        case warn
        case fail

        package static func < (lhs: Self, rhs: Self) -> Bool { lhs.order < rhs.order }

        private var order: Int {
            switch self {
            case .ok: 0
            case .warn: 1
            case .fail: 2
            }
        }
    }

    package let level: Level

    /// What was looked at: `database`, `chtst01 host key`.
    package let subject: String

    /// What was found.
    package let text: String

    /// What to do about it; nil when all is well.
    @ExplicitNull package private(set) var mend: String?

    package static func ok(_ subject: String, _ text: String) -> Finding {
        Finding(level: .ok, subject: subject, text: text)
    }

    package static func warn(_ subject: String, _ text: String, mend: String) -> Finding {
        Finding(level: .warn, subject: subject, text: text, mend: mend)
    }

    package static func fail(_ subject: String, _ text: String, mend: String) -> Finding {
        Finding(level: .fail, subject: subject, text: text, mend: mend)
    }

    private init(level: Level, subject: String, text: String, mend: String? = nil) {
        self.level = level
        self.subject = subject
        self.text = text
        self.mend = mend
    }
}
