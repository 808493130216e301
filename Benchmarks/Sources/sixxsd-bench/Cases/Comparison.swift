internal import Wire

/// The same scene with one tunnel and with as many as a PoP can have.
struct Comparison {
    let name: String
    let one: Case
    let all: Case

    /// Makes both.
    init(_ name: String, _ scene: Scene) {
        self.name = name
        self.one = scene.example("\(name), 1 tunnel", tunnels: 1)
        self.all = scene.example("\(name), \(TID.capacity) tunnels", tunnels: TID.capacity)
    }

    /// A table of comparisons.
    ///
    /// - Parameters:
    ///   - title: Its title.
    ///   - comparisons: Its rows.
    ///   - overhead: How many nanoseconds of each operation are the measurement's own and are taken off.
    ///   - rounds: How to measure.
    /// - Returns: Times in nanoseconds, their ratio, and allocations.
    static func table(
        _ title: String,
        _ comparisons: [Comparison],
        overhead: Double = 0,
        _ rounds: Rounds
    ) -> Table {
        let columns = ["1 tunnel", "median", "8192 tunnels", "median", "ratio", "allocations"]
        var table = Table(title, columns: ["operation"] + columns)
        let measurements = rounds.measure(comparisons.flatMap { [$0.one, $0.all] })
        for (index, comparison) in comparisons.enumerated() {
            let (one, all) = (measurements[2 * index], measurements[2 * index + 1])
            let figures = [one.minimum, one.median, all.minimum, all.median].map { $0 - overhead }
            let ratio = (figures[2] / figures[0]).formatted(2)
            let allocations = max(one.allocations, all.allocations).asCount
            table.add([comparison.name] + figures.map { $0.formatted(1) } + [ratio, allocations])
        }
        return table
    }
}
