/// How long the worker looks for more packets before it sleeps.
///
/// To be woken up costs more than to serve a packet. Where sleeps are short, looking again for as long is cheaper, and
/// adds no delay; where they are long, looking would only burn the processor.
struct BusyPollBudget: Hashable, Sendable {
    /// The longest look, in nanoseconds; 0 never looks.
    let longest: UInt64

    /// How long to look, in nanoseconds; 0 to sleep at once.
    private(set) var budget: UInt64 = 0

    init(longest: UInt64) {
        self.longest = longest
    }

    /// Takes into account how long a sleep was that ended with work, in nanoseconds.
    mutating func noteSleep(_ nanoseconds: UInt64) {
        if nanoseconds < self.longest {
            self.budget = self.longest
        } else if self.budget > 0 {
            self.budget /= 2
        }
    }

    /// Takes into account that nothing came while it was looked for.
    mutating func noteLookInVain() {
        self.budget /= 2
    }
}
