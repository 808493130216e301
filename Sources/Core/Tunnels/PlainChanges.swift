public import Wire

/// The tunnels of which something changed, so that their ``PlainTunnel`` may be another.
///
/// Kept only for whoever asks for it (``Engine/tracksPlainTunnels``).
public struct PlainChanges: Sendable {
    /// How many tunnels are named one by one.
    private static let capacity = 1024

    /// The tunnels, some perhaps more than once.
    public private(set) var tids: [TID] = []

    /// Whether every tunnel must be looked at.
    public private(set) var isEverything = true

    /// Creates the changes of an engine that nobody has looked at.
    init() { self.tids.reserveCapacity(Self.capacity) }

    /// Whether nothing changed.
    var isEmpty: Bool { !self.isEverything && self.tids.isEmpty }

    mutating func note(_ tid: TID) {
        if self.tids.count < Self.capacity { self.tids.append(tid) } else { self.noteEverything() }
    }

    mutating func noteEverything() { self.isEverything = true }

    /// Forgets them; keeps its memory.
    public mutating func clear() {
        self.tids.removeAll(keepingCapacity: true)
        self.isEverything = false
    }
}
