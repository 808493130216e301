/// Makes inputs out of samples, as a fuzzer without a feedback does.
package struct Mutator {
    private let samples: [[UInt8]]
    private var generator: SeededGenerator

    package init(seed: UInt64, samples: [[UInt8]]) {
        self.samples = samples
        self.generator = SeededGenerator(seed: seed)
    }

    /// Octets of noise, or a sample with some changes.
    package mutating func next() -> [UInt8] {
        guard let sample = self.samples.randomElement(using: &self.generator), self.below(8) > 0 else {
            return self.generator.octets(self.below(120))
        }
        var input = sample
        for _ in 0...self.below(4) { self.mutate(&input) }
        return input
    }

    private mutating func below(_ limit: Int) -> Int {
        Int.random(in: 0..<limit, using: &self.generator)
    }

    private mutating func mutate(_ input: inout [UInt8]) {
        guard !input.isEmpty else {
            input = self.generator.octets(self.below(64))
            return
        }
        let place = self.below(input.count)
        switch self.below(8) {
        case 0: input[place] ^= 1 << UInt8(self.below(8))
        case 1: input[place] = UInt8(truncatingIfNeeded: self.generator.next())
        case 2:
            input[place] =
                [0, 1, 0x7f, 0x80, 0xff, 0x20, 0x0a, 0x30].randomElement(using: &self.generator) ?? 0
        case 3: input.removeLast(input.count - place)
        case 4: input.insert(contentsOf: self.generator.octets(1 + self.below(9)), at: place)
        case 5: input.removeSubrange(place..<min(input.count, place + 1 + self.below(9)))
        case 6: input.insert(contentsOf: input[place..<min(input.count, place + self.below(40))], at: place)
        default: self.splice(&input, at: place)
        }
    }

    /// Goes on with the end of another sample.
    private mutating func splice(_ input: inout [UInt8], at place: Int) {
        guard let other = self.samples.randomElement(using: &self.generator), !other.isEmpty else { return }
        input.replaceSubrange(place..., with: other[self.below(other.count)...])
    }
}
