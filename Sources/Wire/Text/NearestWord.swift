/// The word that somebody may have meant who wrote another.
public enum NearestWord {
    /// Finds the nearest of some words.
    ///
    /// - Parameters:
    ///   - word: What was written.
    ///   - words: What could have been meant.
    /// - Returns: The nearest, the first by the alphabet of several; nil when none is near.
    public static func of(_ word: String, among words: some Sequence<String>) -> String? {
        let written = Array(word.lowercased().unicodeScalars)
        // In a short word every slip makes another word.
        let most = written.count < 4 ? 1 : 2
        let near = words.map {
            (word: $0, distance: Self.distance(written, Array($0.lowercased().unicodeScalars)))
        }
        return near.filter { $0.distance <= most }.min {
            ($0.distance, $0.word) < ($1.distance, $1.word)
        }?.word
    }

    /// How many letters must be put in, left out, replaced or exchanged with their neighbour.
    private static func distance(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...second.count)
        for (row, letter) in first.enumerated() {
            var present = [row + 1]
            for (column, other) in second.enumerated() {
                var best = min(
                    last[column + 1] + 1,
                    present[column] + 1,
                    last[column] + (letter == other ? 0 : 1)
                )
                if row > 0, column > 0, letter == second[column - 1], first[row - 1] == other {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                present.append(best)
            }
            (beforeLast, last) = (last, present)
        }
        return last[second.count]
    }
}
