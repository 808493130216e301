internal import Glibc

/// All tables, in the order of the data path.
enum Report {
    static func print() {
        let rounds = Rounds()
        Swift.print(
            "Nanoseconds of CPU time an operation: the least and the median of \(rounds.repetitions) repetitions.\n"
        )
        self.print(self.counter())
        self.print(self.decisions(rounds))
        self.print(self.passes(rounds))
        self.print(self.signatures(rounds))
        self.print(self.configurations())
    }

    /// Prints a table at once, into a pipe too.
    private static func print(_ table: Table) {
        Swift.print(table.text)
        fflush(nil)
    }

    private static func counter() -> Table {
        var table = Table("The allocation counter, proven", columns: ["what is done once", "counted"])
        for proof in AllocationCounter.proofs() { table.add([proof.name, String(proof.counted)]) }
        table.add(["nothing", String(AllocationCounter.silence())])
        return table
    }

    private static func decisions(_ rounds: Rounds) -> Table {
        var table = Comparison.table("Forwarding decision", Decisions.comparisons(), rounds)
        let others = [Decisions.betweenTunnels(), Decisions.naive()]
        for (example, measurement) in zip(others, rounds.measure(others)) {
            table.add(self.row(example, measurement))
        }
        return table
    }

    private static func passes(_ rounds: Rounds) -> Table {
        let overhead = rounds.measure([Passes.overhead()])[0].minimum
        let title =
            "Whole pass through the engine (less \(overhead.formatted(1)) ns for putting the packet in its slot)"
        var table = Comparison.table(title, Passes.comparisons(), overhead: overhead, rounds)
        let others = [Passes.betweenTunnels(), RouterErrors.ofManyBehindOneAddress(), Beats().example]
        for (example, measurement) in zip(others, rounds.measure(others)) {
            table.add(self.row(example, measurement, overhead: overhead))
        }
        return table
    }

    private static func row(_ example: Case, _ measurement: Measurement, overhead: Double = 0) -> [String] {
        [
            example.name, "–", "–", (measurement.minimum - overhead).formatted(1),
            (measurement.median - overhead).formatted(1), "–", measurement.allocations.asCount,
        ]
    }

    private static func signatures(_ rounds: Rounds) -> Table {
        var table = Table(
            "AYIYA signatures",
            columns: ["operation", "time", "median", "against libcrypto", "allocations"]
        )
        for length in Signatures.lengths {
            let signatures = Signatures(length: length)
            let cases = signatures.cases + [signatures.rival, signatures.together]
            let measurements = rounds.measure(cases)
            for (example, measurement) in zip(cases, measurements) {
                let ratio = measurements[2].minimum / measurement.minimum
                table.add([
                    example.name, measurement.minimum.formatted(1), measurement.median.formatted(1),
                    "\(ratio.formatted(2))×", measurement.allocations.asCount,
                ])
            }
        }
        return table
    }

    private static func configurations() -> Table {
        let configurations = Configurations()
        var table = Table(
            "A configuration with 8192 AYIYA tunnels and 256 subnets, milliseconds",
            columns: ["step", "time", "median", "allocations"]
        )
        let cases = configurations.preparation + configurations.application
        for (example, measurement) in zip(cases, Rounds(repetitions: 7, atLeast: 1).measure(cases)) {
            table.add([
                example.name, (measurement.minimum / 1_000_000).formatted(3),
                (measurement.median / 1_000_000).formatted(3), measurement.allocations.asCount,
            ])
        }
        return table
    }
}
