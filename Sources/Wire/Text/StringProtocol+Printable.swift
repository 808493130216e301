/// The one place that decides what of a text may reach a person's terminal, a log, or the registry.
extension StringProtocol {
    /// The text as one line that does on a terminal what it seems to do.
    ///
    /// Line breaks and tabs become blanks; every other character that controls a terminal, hides, or reorders what
    /// stands beside it becomes `?`.
    public var printable: String {
        guard !self.isPlain else { return String(self) }
        return self.cleaned { $0.isLineBreak || $0 == "\t" ? " " : "?" }
    }

    /// The same for a text of several lines: line feeds and tabs stay.
    public var printableLines: String {
        guard !self.isPlain else { return String(self) }
        return self.cleaned { scalar in
            switch scalar {
            case "\n", "\t": scalar
            default: scalar.isLineBreak ? " " : "?"
            }
        }
    }

    /// The first character that ``printable`` would not let pass, and how many characters stand before it.
    ///
    /// U+FFFD counts as one: it stands where octets were that are no UTF-8.
    public var firstUnprintable: (scalar: Unicode.Scalar, position: Int)? {
        guard !self.isPlain else { return nil }
        var found: (scalar: Unicode.Scalar, position: Int)?
        var position = 0
        self.visit { scalar, isPrintable in
            if found == nil, !isPrintable || scalar == "\u{fffd}" { found = (scalar, position) }
            position += 1
        }
        return found
    }

    /// Whether there are only characters of ASCII that can be seen, and blanks.
    private var isPlain: Bool {
        // Over octets that lie side by side no call is made for each of them.
        self.utf8.withContiguousStorageIfAvailable { octets in
            unsafe octets.allSatisfy { (0x20...0x7e).contains($0) }
        } ?? self.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }

    private func cleaned(_ replacement: (Unicode.Scalar) -> Unicode.Scalar) -> String {
        var cleaned = String.UnicodeScalarView()
        self.visit { scalar, isPrintable in cleaned.append(isPrintable ? scalar : replacement(scalar)) }
        return String(cleaned)
    }

    private func visit(_ body: (_ scalar: Unicode.Scalar, _ isPrintable: Bool) -> Void) {
        var before: Unicode.Scalar?
        var scalars = self.unicodeScalars.makeIterator()
        var next = scalars.next()
        while let scalar = next {
            next = scalars.next()
            body(scalar, scalar.isPrintable || scalar.isJoiner(between: before, and: next))
            before = scalar
        }
    }
}
