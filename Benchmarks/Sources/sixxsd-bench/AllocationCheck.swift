/// The gate: nothing on the data path may allocate.
enum AllocationCheck {
    /// Counts the allocations of each operation of the data path, and prints those that allocate.
    ///
    /// - Returns: Whether none does and the counter works.
    static func run() -> Bool {
        var failures: [String] = []
        for proof in AllocationCounter.proofs() where !proof.holds {
            failures.append("the counter counts \(proof.counted) allocations for \(proof.name)")
        }
        let cases = self.cases()
        for example in cases {
            // The first batch may fault in what is made once, such as the runtime's metadata.
            example.batch()
            let allocations = example.allocations()
            if allocations > 0 { failures.append("\(example.name): \(allocations.asCount) allocations") }
        }
        for failure in failures { print("allocations: \(failure)") }
        if failures.isEmpty { print("allocations: none in \(cases.count) operations of the data path") }
        return failures.isEmpty
    }

    private static func cases() -> [Case] {
        let comparisons = Decisions.comparisons() + Passes.comparisons()
        return comparisons.flatMap { [$0.one, $0.all] }
            + [Decisions.betweenTunnels(), Passes.betweenTunnels(), RouterErrors.ofManyBehindOneAddress()]
            + Signatures.lengths.flatMap { Signatures(length: $0).cases + [Signatures(length: $0).together] }
            + Configurations().application
    }
}
