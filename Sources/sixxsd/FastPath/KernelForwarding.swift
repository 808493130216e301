import Core
import FastPath
import LinuxIO
import Synchronization
import Wire

/// Plain 6in4 and GRE that the kernel forwards: keeps its tables in step with the engines, and counts what it forwarded.
///
/// Every worker tells what its engine changed, right after the packets or the work that changed it; the first one says each second
/// that the daemon lives.
final class KernelForwarding: Sendable {
    private struct State {
        /// Which configuration the tables are of.
        var epoch: UInt64 = 0
        /// What an engine was told of, by tid.
        var told = [TrafficCounters](repeating: TrafficCounters(), count: TID.capacity)
        /// The tunnels of which something was counted lately, and those of which it was the time before.
        var touched = TIDSet()
        var touchedBefore = TIDSet()
        /// What the kernel forwarded of all tunnels.
        var total = TrafficCounters()
        /// The tunnel whose identifications are looked at next.
        var next: UInt16 = 0
        var orderKeeper: OrderKeeper
        /// Whether everything is left alone.
        var isHeld = false
    }

    /// How many tunnels' identifications are looked at each second: all of them in 32, and each is good for 68 at least.
    private static let refreshedTunnels = TID.capacity / 32

    let tables: FastPathTables
    /// Tells all workers of tunnels that were taken off the fast path.
    let slowdowns = Slowdowns()
    /// Signalled when routes are to be asked for.
    let questions: WakeUp
    /// Index of the TUN device.
    private let device: UInt32
    private let state: Mutex<State>

    /// Creates what keeps tables in step.
    ///
    /// - Throws: ``SystemCallError`` when the process has no descriptor left.
    init(_ tables: FastPathTables, device: UInt32) throws(SystemCallError) {
        self.tables = tables
        self.device = device
        self.state = Mutex(State(orderKeeper: OrderKeeper(tables)))
        self.questions = try WakeUp()
    }

    /// Tells the kernel what an engine changed; one comparison where that is nothing.
    func publish(_ engine: inout Engine, at now: Timestamp) {
        guard engine.hasPlainChanges else { return }
        self.state.withLock { state in
            let epoch = engine.configurationCount
            // One that has an older configuration knows nothing of worth; what it changed it tells when it has the new one.
            guard epoch >= state.epoch else { return }
            let isNew = epoch > state.epoch
            state.epoch = epoch
            self.slowdowns.note { self.publishChanges(&engine, isNew: isNew, at: now) }
        }
        if self.tables.hasUnaskedRoutes { self.questions.signal() }
    }

    /// Takes over what the route to a user allows.
    ///
    /// - Parameters:
    ///   - octets: Size of the largest outer packet; nil for no route.
    ///   - tid: The tunnel.
    ///   - remote: The user's address that was asked about.
    func allow(_ octets: UInt16?, of tid: TID, toward remote: IPAddress) {
        guard !self.tables.isKnown(octets, of: tid, toward: remote) else { return }
        self.state.withLock { _ in
            self.slowdowns.note { self.tables.allow(octets, of: tid, toward: remote) }
        }
    }

    /// Tells the kernel of the tunnels that an engine names, which may become more meanwhile.
    ///
    /// - Returns: Whether one was on the fast path that is no more.
    private func publishChanges(_ engine: inout Engine, isNew: Bool, at now: Timestamp) -> Bool {
        if engine.plainChanges.isEverything {
            engine.plainChanges.clear()
            return isNew
                ? self.replace(&engine, changing: nil, at: now) : self.update(TID.all, &engine, at: now)
        }
        var told = 0
        var isSlower = false
        if isNew {
            told = engine.plainChanges.tids.count
            isSlower = self.replace(&engine, changing: engine.plainChanges.tids, at: now)
        }
        while told < engine.plainChanges.tids.count {
            isSlower =
                self.update(CollectionOfOne(engine.plainChanges.tids[told]), &engine, at: now) || isSlower
            told += 1
        }
        // What can't be named any more is told next.
        if !engine.plainChanges.isEverything { engine.plainChanges.clear() }
        return isSlower
    }

    private func replace(_ engine: inout Engine, changing tids: [TID]?, at now: Timestamp) -> Bool {
        self.tables.replace(engine.plan, device: self.device, changing: tids) {
            try? PlainTunnel(of: $0, &engine, at: now)
        }
    }

    private func update(_ tids: some Sequence<TID>, _ engine: inout Engine, at now: Timestamp) -> Bool {
        var isSlower = false
        for tid in tids {
            isSlower = self.tables.update(tid, to: try? PlainTunnel(of: tid, &engine, at: now)) || isSlower
        }
        return isSlower
    }

    /// Does what is to be done each second, with the first of the engines.
    ///
    /// - Parameters:
    ///   - engine: The first of the engines.
    ///   - now: The time.
    func tick(_ engine: inout Engine, at now: Timestamp) {
        self.state.withLock { state in
            state.orderKeeper.count()
            // In the same breath: who takes the device for gone must not be contradicted.
            if !state.isHeld { self.tables.sayAlive(at: now.monotonic) }
            guard engine.configurationCount == state.epoch else { return }
            self.slowdowns.note {
                var isSlower = false
                for _ in 0..<Self.refreshedTunnels {
                    guard let tid = TID(rawValue: state.next) else { break }
                    state.next = (state.next + 1) % UInt16(TID.capacity)
                    isSlower = self.update(CollectionOfOne(tid), &engine, at: now) || isSlower
                }
                return isSlower
            }
        }
    }

    /// Has the kernel leave everything alone while the TUN device can't take what comes out of tunnels, or go on when it can.
    func hold(_ isHeld: Bool) {
        self.state.withLock { state in
            state.isHeld = isHeld
            if isHeld { self.tables.fallSilent() }
        }
    }

    /// Gives up packets that were left to the daemon and are lost; to be called right after ``tick(_:at:)``.
    ///
    /// - Parameter isIdle: Whether the first worker has nothing to read.
    func judgeOrder(isIdle: Bool) { self.state.withLock { $0.orderKeeper.judge(isIdle: isIdle) } }

    /// Has the first of the engines count what the kernel forwarded since the last time; before anybody looks.
    func settle(_ engine: inout Engine) {
        self.state.withLock { state in
            swap(&state.touched, &state.touchedBefore)
            state.touched.removeAll()
            self.tables.takeTouched(addingTo: &state.touched)
            Self.settle(state.touchedBefore, self.tables, &state.told, &state.total, &engine)
            Self.settle(state.touched, self.tables, &state.told, &state.total, &engine)
        }
    }

    private static func settle(
        _ tids: TIDSet,
        _ tables: FastPathTables,
        _ told: inout [TrafficCounters],
        _ total: inout TrafficCounters,
        _ engine: inout Engine
    ) {
        tids.forEach { tid in
            let index = Int(tid.rawValue)
            let traffic = tables.traffic(of: tid)
            let passed = traffic.since(told[index])
            guard passed.ingress.packets > 0 || passed.egress.packets > 0 else { return }
            told[index] = traffic
            passed.count(for: tid, in: &engine)
            total.add(passed)
        }
    }

    /// What the kernel forwarded and what it had to drop, in packets.
    var packets: (forwarded: UInt64, dropped: UInt64) {
        let total = self.state.withLock { $0.total }
        let lost = FastPathDirection.allCases.reduce(0) { $0 + self.tables.count(of: .lost, $1) }
        return (total.ingress.packets + total.egress.packets, lost)
    }

    /// What the kernel forwarded, as much as an engine was told of, and what it had to drop.
    var lines: [String] {
        let (forwarded, lost) = self.packets
        var lines = [
            "worker kernel received \(forwarded + lost) forwarded \(forwarded) answered 0 consumed 0 dropped \(lost)"
        ]
        if lost > 0 { lines.append("worker kernel dropped \(DropReason.sendFailure) \(lost)") }
        for direction in FastPathDirection.allCases {
            for refusal in FastPathRefusal.allCases {
                let count = self.tables.count(of: refusal, direction)
                if count > 0 { lines.append("fast-path left \(direction) \(refusal) \(count)") }
            }
        }
        return lines
    }
}
