internal import CFastPath
internal import LinuxIO
internal import Synchronization
public import Wire

/// How many packets of each tunnel were left to the daemon, and with how many it has done.
public final class FastPathOrder: Sendable {
    private let orders: BPFTable

    init(of object: BPFObject) throws(SystemCallError) { self.orders = try object.table("orders") }

    private static func place(
        _ kind: PartialKeyPath<fast_path_order>,
        _ direction: FastPathDirection
    ) -> Int {
        (MemoryLayout<fast_path_order>.offset(of: kind) ?? 0) + direction.rawValue * MemoryLayout<UInt64>.size
    }

    /// Says that the daemon has done with a packet that was left to it.
    ///
    /// With more than were counted it can't be done: such came before the programs counted. Else the next ones would be taken for done with
    /// as soon as they come.
    public func noteDone(_ tid: TID, _ direction: FastPathDirection) {
        let row = Int(tid.rawValue)
        let done = self.orders.word(at: Self.place(\.done, direction), of: row)
        let left = self.orders.word(at: Self.place(\.left, direction), of: row)
        var known = done.pointee.load(ordering: .relaxed)
        while known != left.pointee.load(ordering: .acquiring) {
            let result = done.pointee.compareExchange(
                expected: known,
                desired: known &+ 1,
                ordering: .acquiringAndReleasing
            )
            if result.exchanged { return }
            known = result.original
        }
    }

    /// How many packets of a tunnel were left to the daemon, and how many of them it has not done with.
    public func waiting(_ tid: TID, _ direction: FastPathDirection) -> (left: UInt64, waiting: UInt64) {
        let row = Int(tid.rawValue)
        let done = self.orders.word(at: Self.place(\.done, direction), of: row).pointee.load(
            ordering: .acquiring
        )
        let left = self.orders.word(at: Self.place(\.left, direction), of: row).pointee.load(
            ordering: .acquiring
        )
        return (left, left &- done)
    }

    /// Gives packets up that will not come to the daemon.
    public func giveUp(_ count: UInt64, of tid: TID, _ direction: FastPathDirection) {
        let place = Self.place(\.done, direction)
        self.orders.word(at: place, of: Int(tid.rawValue)).pointee
            .wrappingAdd(count, ordering: .releasing)
    }
}
