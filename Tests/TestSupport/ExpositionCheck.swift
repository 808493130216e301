/// What Prometheus' own tool does not complain of, and the rest: whether a text of figures is one that can be relied on.
package enum ExpositionCheck {
    /// What is wrong with a text, a sentence each.
    package static func problems(_ text: String) -> [String] {
        var problems = text.hasSuffix("\n") ? [] : ["the last line has no end"]
        var (families, series): (Set<String>, Set<String>) = ([], [])
        var family = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# HELP ") {
                family = String(line.split(separator: " ")[2])
                if !families.insert(family).inserted { problems.append("\(family) comes twice") }
            } else if line.hasPrefix("# TYPE ") {
                if line.split(separator: " ")[2] != family { problems.append("\(line) is of another family") }
            } else {
                let name = line.prefix { $0 != " " && $0 != "{" }
                let suffixes = ["", "_bucket", "_sum", "_count"]
                if !suffixes.contains(where: { family + $0 == name }) {
                    problems.append("\(name) is apart from its family")
                }
                let end = line.lastIndex(of: " ") ?? line.endIndex
                if !series.insert(String(line[..<end])).inserted {
                    problems.append("\(line[..<end]) comes twice")
                }
                if Double(line[end...].dropFirst()) == nil { problems.append("\(line) has no number") }
            }
        }
        return problems
    }

    /// The values by series, as they are written.
    package static func series(_ text: String) -> [String: String] {
        let pairs = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let end = line.lastIndex(of: " ") ?? line.endIndex
            return (String(line[..<end]), String(line[end...].dropFirst()))
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}
