/// One thing to measure.
struct Case {
    /// What it is called in tables and messages.
    let name: String

    /// How many operations a batch does.
    let operations: Int

    /// Does a batch and traps when an operation did not do what it should.
    let batch: () -> Void

    /// Creates a case.
    init(_ name: String, operations: Int, batch: @escaping () -> Void) {
        self.name = name
        self.operations = operations
        self.batch = batch
    }

    /// Nanoseconds that one operation takes in one repetition of at least a given time.
    func time(atLeast nanoseconds: Int) -> Double {
        var batches = 0
        let start = CPUTime.now
        var elapsed = 0
        repeat {
            self.batch()
            batches += 1
            elapsed = CPUTime.now - start
        } while elapsed < nanoseconds
        return Double(elapsed) / Double(batches * self.operations)
    }

    /// Heap allocations of one operation.
    func allocations() -> Double {
        Double(AllocationCounter.count(self.batch)) / Double(self.operations)
    }
}

/// What was measured of a case.
struct Measurement {
    /// Nanoseconds of CPU time an operation, one figure a repetition, the least first.
    let times: [Double]

    /// Heap allocations an operation.
    let allocations: Double

    /// The least time: what the machine can do when nothing disturbs it.
    var minimum: Double { self.times.first ?? 0 }

    /// The median time.
    var median: Double { self.times.isEmpty ? 0 : self.times[self.times.count / 2] }
}

/// Measures cases in turns, so that a disturbance meets all that are compared with one another.
struct Rounds {
    /// How often each case is measured.
    var repetitions = 15

    /// How long each repetition takes at least, in nanoseconds of CPU time.
    var atLeast = 2_000_000

    /// Measures the cases, in their order.
    func measure(_ cases: [Case]) -> [Measurement] {
        // A first batch brings caches and tables into their steady state.
        for example in cases { example.batch() }
        var times = cases.map { _ in [Double]() }
        for _ in 0..<self.repetitions {
            for (index, example) in cases.enumerated() {
                times[index].append(example.time(atLeast: self.atLeast))
            }
        }
        return zip(cases, times).map { Measurement(times: $1.sorted(), allocations: $0.allocations()) }
    }
}
