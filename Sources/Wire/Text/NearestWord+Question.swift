extension NearestWord {
    /// `: did you mean "tunnel"?` for the nearest word, or nothing; goes behind what names the unknown one.
    public static func question(about word: String, among words: some Sequence<String>) -> String {
        Self.of(word, among: words).map { ": did you mean \"\($0)\"?" } ?? ""
    }
}
