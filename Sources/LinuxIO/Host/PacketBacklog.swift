internal import Glibc
internal import SystemPackage

/// The queues that the kernel puts packets into that a device hands over from within it, one a processor (softnet_stat).
///
/// For one thread at a time.
public final class PacketBacklog: @unchecked Sendable {
    /// Which number of a line says how many packets wait (Linux 5.10 and later).
    private static let column = 11
    /// Longer than a line of any kernel.
    private static let lineCapacity = 256

    private let file: OwnedDescriptor
    private let text: UnsafeMutableRawBufferPointer
    /// The processors whose queue was not yet seen to be empty.
    private var waiting: [Bool]

    /// Opens what the kernel says of the queues.
    ///
    /// - Throws: ``SystemCallError`` where it says nothing.
    public init() throws(SystemCallError) {
        let path = "/proc/net/softnet_stat"
        self.file = try OwnedDescriptor("open", about: path) { open(path, O_RDONLY | O_CLOEXEC) }
        let processors = max(sysconf(CInt(_SC_NPROCESSORS_CONF)), 1)
        self.text = .allocate(byteCount: processors * Self.lineCapacity, alignment: 1)
        self.waiting = [Bool](repeating: false, count: processors)
    }

    deinit { self.text.deallocate() }

    /// Waits until each queue was empty once: what was in them has gone on.
    ///
    /// - Parameter patience: How long at most, in nanoseconds.
    /// - Returns: Whether it was so.
    @discardableResult
    public func drain(waitingAtMost patience: UInt64) -> Bool {
        for index in self.waiting.indices { self.waiting[index] = true }
        let deadline = MonotonicClock.now() + patience
        repeat {
            let length = pread(self.file.rawValue, self.text.baseAddress, self.text.count, 0)
            guard length > 0 else { return false }
            self.look(at: UnsafeRawBufferPointer(rebasing: self.text[..<length]))
            if !self.waiting.contains(true) { return true }
        } while MonotonicClock.now() < deadline
        return false
    }

    /// Notes the queues that are empty; those of processors that have no line are.
    private func look(at text: UnsafeRawBufferPointer) {
        var (line, column, value, isEmpty) = (0, 0, 0, true)
        func finish() {
            if column == Self.column { isEmpty = value == 0 }
            (column, value) = (column + 1, 0)
        }
        for octet in text {
            switch octet {
            case UInt8(ascii: " "): finish()
            case UInt8(ascii: "\n"):
                finish()
                if isEmpty, line < self.waiting.count { self.waiting[line] = false }
                (line, column, isEmpty) = (line + 1, 0, true)
            default: value = value &* 16 &+ Self.digit(octet)
            }
        }
        for rest in self.waiting.indices.dropFirst(line) { self.waiting[rest] = false }
    }

    private static func digit(_ octet: UInt8) -> Int {
        Int(octet & 0xf) + (octet >= UInt8(ascii: "A") ? 9 : 0)
    }
}
