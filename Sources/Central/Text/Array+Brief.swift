extension [String] {
    /// The first, and how many there are besides; nil when there is none.
    var inBrief: String? {
        self.first.map { first in self.count > 1 ? "\(first), and \(self.count - 1) more" : first }
    }
}
