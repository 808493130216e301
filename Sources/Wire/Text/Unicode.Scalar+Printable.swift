extension Unicode.Scalar {
    /// Whether a person sees the character where it stands, and nothing else moves because of it.
    ///
    /// As the FreeformClass of RFC 8264 §4.3 has it: no controls, no line breaks, nothing that is invisible, turns the
    /// direction of reading round (Unicode UAX #9) or has no meaning that was agreed on. The joiners of RFC 5892
    /// appendices A.1 and A.2 depend on their neighbours: see ``isJoiner(between:and:)``.
    var isPrintable: Bool {
        if self.isASCII { return (0x20...0x7e).contains(self.value) }
        let properties = self.properties
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            return false
        default: return !properties.isDefaultIgnorableCodePoint
        }
    }

    /// Whether it begins another line, or another page, on some terminal (Unicode UAX #14).
    var isLineBreak: Bool {
        switch self.value {
        case 0x0a...0x0d, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// Whether it is the zero width joiner or non-joiner, which words of some scripts cannot do without.
    private var isJoiner: Bool { self.value == 0x200c || self.value == 0x200d }

    /// Whether its shape depends on its neighbours: a letter of Arabic or Syriac.
    private var joins: Bool {
        switch self.value {
        case 0x0620...0x06ff, 0x0710...0x077f, 0x08a0...0x08c9:
            self.properties.isAlphabetic
        default: false
        }
    }

    /// Whether it is a joiner between what makes it legitimate: a virama before it (RFC 5892 appendices A.1 and A.2),
    /// or, for the non-joiner, letters that would join on either side.
    func isJoiner(between before: Unicode.Scalar?, and after: Unicode.Scalar?) -> Bool {
        guard self.isJoiner, let before else { return false }
        if before.properties.canonicalCombiningClass.rawValue == 9 { return true }
        return self.value == 0x200c && before.joins && after?.joins == true
    }
}
