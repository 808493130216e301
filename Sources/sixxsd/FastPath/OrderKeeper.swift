import FastPath
import Wire

/// Finds packets that were left to the daemon and never came to it, and gives them up.
///
/// A queue had no room, or a firewall dropped them. Else their tunnels would wait for them for ever.
struct OrderKeeper {
    /// What was seen of a tunnel in one direction.
    private struct Look {
        /// How often something was missing when the daemon had nothing to read, and how often it was while it had.
        var times = (idle: 0, busy: 0)
        /// The least that was missing then.
        var least = (idle: UInt64.max, busy: UInt64.max)
        var left: UInt64 = 0
        /// What is there now.
        var now: (left: UInt64, waiting: UInt64) = (0, 0)
    }

    /// How many looks it takes to tell what is lost from what is just under way.
    private static let mostIdle = 3
    /// The same where the daemon always has something to read, so that nobody can tell: where a queue overflows, order is not all that
    /// is lost.
    private static let mostBusy = 5

    private let tables: FastPathTables
    private var suspects = TIDSet()
    private var judged = TIDSet()
    private var looks: [Look]

    init(_ tables: FastPathTables) {
        self.tables = tables
        self.looks = [Look](repeating: Look(), count: TID.capacity * FastPathDirection.allCases.count)
    }

    /// Counts what is missing of all tunnels of which something was left since the last time, or was missing then; to be called each
    /// second.
    mutating func count() {
        self.tables.takeWaiting(addingTo: &self.suspects)
        let suspects = self.suspects
        suspects.forEach { tid in
            for direction in FastPathDirection.allCases {
                self.looks[Self.index(tid, direction)].now = self.tables.order.waiting(tid, direction)
            }
        }
    }

    /// Judges what was counted last.
    ///
    /// - Parameter isIdle: Whether the daemon has nothing to read, after it was counted: then what is missing was lost, since whatever had
    ///   come would be there to be read.
    mutating func judge(isIdle: Bool) {
        swap(&self.suspects, &self.judged)
        self.suspects.removeAll()
        // Nothing is allocated for a copy that nobody changes.
        let judged = self.judged
        judged.forEach { tid in
            for direction in FastPathDirection.allCases where self.judge(tid, direction, isIdle: isIdle) {
                self.suspects.insert(tid)
            }
        }
    }

    private static func index(_ tid: TID, _ direction: FastPathDirection) -> Int {
        Int(tid.rawValue) * FastPathDirection.allCases.count + direction.rawValue
    }

    /// Judges one direction of a tunnel.
    ///
    /// - Returns: Whether something is missing.
    private mutating func judge(_ tid: TID, _ direction: FastPathDirection, isIdle: Bool) -> Bool {
        var look = self.looks[Self.index(tid, direction)]
        guard look.now.waiting != 0 else {
            self.looks[Self.index(tid, direction)] = Look()
            return false
        }
        let isQuiet = isIdle && look.times != (0, 0) && look.left == look.now.left
        if isIdle {
            look.times.idle += 1
            look.least.idle = min(look.least.idle, look.now.waiting)
        } else {
            look.times.busy += 1
            look.least.busy = min(look.least.busy, look.now.waiting)
        }
        look.left = look.now.left
        self.looks[Self.index(tid, direction)] = look
        guard let lost = isQuiet ? look.now.waiting : Self.lost(look) else { return true }
        self.tables.order.giveUp(lost, of: tid, direction)
        self.looks[Self.index(tid, direction)] = Look()
        return true
    }

    /// How many were lost by what was seen; nil as long as that is not known.
    private static func lost(_ look: Look) -> UInt64? {
        if look.times.idle >= Self.mostIdle { return look.least.idle }
        if look.times.busy >= Self.mostBusy { return min(look.least.idle, look.least.busy) }
        return nil
    }
}
