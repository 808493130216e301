/// How long the worker looks for more packets before it sleeps.
///
/// To be woken up costs more than to serve a packet. Where sleeps are short, looking again for as long is cheaper, and
/// adds no delay; where they are long, looking would only burn the processor.
struct Patience: Hashable, Sendable {
    /// The longest look, in nanoseconds: about what two wake-ups cost.
    static let longest: UInt64 = 50_000

    /// How long to look, in nanoseconds; 0 to sleep at once.
    private(set) var budget: UInt64 = 0

    /// Takes into account how long a sleep was that ended with work, in nanoseconds.
    mutating func noteSleep(_ nanoseconds: UInt64) {
        if nanoseconds < Self.longest {
            self.budget = Self.longest
        } else if self.budget > 0 {
            self.budget /= 2
        }
    }

    /// Takes into account that nothing came while it was looked for.
    mutating func noteLookInVain() {
        self.budget /= 2
    }
}
