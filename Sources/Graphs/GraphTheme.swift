/// The colours of a graph, which has a background of its own: it is read in the dark as in the light.
package enum GraphTheme: String, CaseIterable, Sendable {
    case light
    case dark

    var background: String { self == .light ? "#ffffff" : "#14181d" }
    var text: String { self == .light ? "#1d2733" : "#d8dee6" }
    var grid: String { self == .light ? "#d5dbe2" : "#333c47" }
    var axis: String { self == .light ? "#5b6773" : "#8d99a6" }
    var band: String { self == .light ? "#9db4c8" : "#4a6077" }

    /// What came from users, and what went to them.
    var incoming: String { self == .light ? "#2e8540" : "#5fbf73" }
    var outgoing: String { self == .light ? "#1f5fae" : "#6ea8ee" }

    /// The colour of a loss: from green over blue and violet to red, as users know it.
    func colour(of loss: LossClass) -> String {
        switch (loss, self) {
        case (.none, .light): "#1a7f2e"
        case (.none, .dark): "#4fd06a"
        case (.few, .light): "#0077a3"
        case (.few, .dark): "#4cc3ee"
        case (.some, .light): "#0047c2"
        case (.some, .dark): "#7aa2ff"
        case (.many, .light): "#7a1fd1"
        case (.many, .dark): "#b98cff"
        case (.most, .light): "#b5128f"
        case (.most, .dark): "#ff7ad9"
        case (.all, .light): "#c4161c"
        case (.all, .dark): "#ff6b6b"
        }
    }
}

/// How many of the probes found no reply.
enum LossClass: Int, CaseIterable, Sendable {
    case none
    case few
    case some
    case many
    case most
    case all

    /// - Parameter share: From 0 to 1.
    init(_ share: Double) {
        switch share {
        case ..<0.000_001: self = .none
        case ..<0.05: self = .few
        case ..<0.15: self = .some
        case ..<0.5: self = .many
        case ..<0.999_999: self = .most
        default: self = .all
        }
    }

    var words: String {
        switch self {
        case .none: "no loss"
        case .few: "under 5 %"
        case .some: "under 15 %"
        case .many: "under 50 %"
        case .most: "50 % and more"
        case .all: "all lost"
        }
    }
}
