/// One thing that `doctor` looked at.
struct Finding: Encodable, Hashable, Sendable {
    /// How it is.
    enum Level: String, Encodable, Comparable, Sendable {
        case ok
        case warn
        case fail

        static func < (lhs: Self, rhs: Self) -> Bool { lhs.order < rhs.order }

        private var order: Int {
            switch self {
            case .ok: 0
            case .warn: 1
            case .fail: 2
            }
        }
    }

    let level: Level

    /// What was looked at: `database`, `chtst01 host key`.
    let subject: String

    /// What was found.
    let text: String

    /// What to do about it; nil when all is well.
    @ExplicitNull private(set) var mend: String?

    static func ok(_ subject: String, _ text: String) -> Finding {
        Finding(level: .ok, subject: subject, text: text)
    }

    static func warn(_ subject: String, _ text: String, mend: String) -> Finding {
        Finding(level: .warn, subject: subject, text: text, mend: mend)
    }

    static func fail(_ subject: String, _ text: String, mend: String) -> Finding {
        Finding(level: .fail, subject: subject, text: text, mend: mend)
    }

    private init(level: Level, subject: String, text: String, mend: String? = nil) {
        self.level = level
        self.subject = subject
        self.text = text
        self.mend = mend
    }
}
