internal import Foundation
internal import Glibc
internal import Streams

/// How much of what is printed can be seen at once, and whether it may be coloured.
struct Screen: Hashable, Sendable {
    /// In characters; nil where lines may be as long as they are.
    let width: Int?

    /// In lines; nil where there may be as many as there are.
    let height: Int?
    let hasColour: Bool

    /// A file, or another program: everything, line by line, and nothing but text.
    static let endless = Screen(width: nil, height: nil, hasColour: false)

    /// Where standard output goes.
    static var output: Screen {
        guard isatty(STDOUT_FILENO) == 1 else { return .endless }
        return Screen(window: Self.window, environment: ProcessInfo.processInfo.environment)
    }

    init(width: Int?, height: Int?, hasColour: Bool) {
        self.width = width
        self.height = height
        self.hasColour = hasColour
    }

    /// A terminal: `COLUMNS` and `LINES` count for more than what the window says, `NO_COLOR` and `TERM=dumb` take the colour.
    init(window: (columns: Int, lines: Int), environment: [String: String]) {
        func size(_ name: String, or known: Int) -> Int? {
            [environment[name].flatMap { Int($0) } ?? 0, known].first { $0 > 0 }
        }
        self.init(
            width: size("COLUMNS", or: window.columns),
            height: size("LINES", or: window.lines),
            hasColour: (environment["NO_COLOR"] ?? "").isEmpty
                && !["", "dumb"].contains(environment["TERM"] ?? "")
        )
    }

    /// The window's size; zeros where it says none.
    private static var window: (columns: Int, lines: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 else { return (0, 0) }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}

/// What a colour tells.
enum Tint: Hashable, Sendable {
    /// Something is wrong.
    case bad

    /// Something may be wrong, or soon.
    case doubtful

    /// It is only said besides.
    case aside

    /// The text in its colour (ECMA-48 SGR).
    func on(_ text: PrintedText) -> PrintedText {
        switch self {
        case .bad: "\u{1b}[31m\(text)\u{1b}[0m"
        case .doubtful: "\u{1b}[33m\(text)\u{1b}[0m"
        case .aside: "\u{1b}[2m\(text)\u{1b}[0m"
        }
    }
}
