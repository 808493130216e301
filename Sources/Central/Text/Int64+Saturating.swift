extension Int64 {
    /// The nearest number; 0 for what is none.
    package init(saturating value: Double) {
        self = value.isNaN ? 0 : Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }
}
