internal import CLinux
internal import Glibc
internal import SystemPackage

/// Waits until one of many descriptors has something to read, or room to write (epoll, level-triggered).
///
/// The array of events is allocated once.
public struct Poller: ~Copyable {
    /// What a descriptor is watched for.
    public struct Interest: OptionSet, Sendable {
        /// The bits, as epoll has them.
        public let rawValue: UInt32

        /// Creates an interest from epoll's bits.
        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// Something to read, or an error.
        public static let readable = Interest(rawValue: EPOLLIN.rawValue)

        /// Room to write, or an error.
        public static let writable = Interest(rawValue: EPOLLOUT.rawValue)
    }

    private let descriptor: OwnedDescriptor
    private let events: UnsafeMutableBufferPointer<epoll_event>

    /// Creates a poller without descriptors.
    ///
    /// - Parameter capacity: How many ready descriptors one wait can name.
    /// - Throws: ``SystemCallError`` when the process has no descriptor left.
    public init(capacity: Int = 64) throws(SystemCallError) {
        self.descriptor = try OwnedDescriptor("epoll_create1") { epoll_create1(CInt(EPOLL_CLOEXEC)) }
        self.events = .allocate(capacity: capacity)
        self.events.initialize(repeating: epoll_event())
    }

    deinit {
        self.events.deallocate()
    }

    /// Watches a descriptor, which must stay open until it is removed.
    ///
    /// - Parameters:
    ///   - fileDescriptor: What to watch.
    ///   - token: What ``token(at:)`` will say of it.
    ///   - interest: What to watch for.
    /// - Throws: ``SystemCallError``, for instance when it is watched already.
    public func add(
        _ fileDescriptor: CInt,
        token: UInt64,
        for interest: Interest = .readable
    ) throws(SystemCallError) {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = token
        try systemCall("epoll_ctl(EPOLL_CTL_ADD)") {
            epoll_ctl(self.descriptor.rawValue, EPOLL_CTL_ADD, fileDescriptor, &event)
        }
    }

    /// Watches a descriptor no more; one that is closed leaves by itself.
    ///
    /// - Throws: ``SystemCallError`` when it was not watched.
    public func remove(_ fileDescriptor: CInt) throws(SystemCallError) {
        try systemCall("epoll_ctl(EPOLL_CTL_DEL)") {
            epoll_ctl(self.descriptor.rawValue, EPOLL_CTL_DEL, fileDescriptor, nil)
        }
    }

    /// Waits until a descriptor is ready, the time is over or a signal comes.
    ///
    /// - Parameter timeoutInMilliseconds: How long at most; nil waits for ever, 0 does not wait.
    /// - Returns: How many descriptors are ready; 0 after the time is over or a signal came.
    /// - Throws: ``SystemCallError``, which only a closed poller brings about.
    public func wait(timeoutInMilliseconds: CInt?) throws(SystemCallError) -> Int {
        let timeout = timeoutInMilliseconds ?? -1
        let count = epoll_wait(
            self.descriptor.rawValue,
            self.events.baseAddress,
            CInt(self.events.count),
            timeout
        )
        if count >= 0 { return Int(count) }
        let error = Errno(rawValue: errno)
        if error == .interrupted { return 0 }
        throw SystemCallError(call: "epoll_wait", errno: error)
    }

    /// Tells one of the descriptors that the last wait found ready.
    ///
    /// - Parameter index: Under what the wait returned. Traps when it is not under the capacity.
    /// - Returns: The token that the descriptor was added with.
    public func token(at index: Int) -> UInt64 {
        precondition(self.events.indices.contains(index), "no such event")
        return self.events[index].data.u64
    }

    /// Tells what one of the descriptors that the last wait found is ready for.
    ///
    /// - Parameter index: Under what the wait returned. Traps when it is not under the capacity.
    /// - Returns: What can be done without waiting; after an error, all of it.
    public func readiness(at index: Int) -> Interest {
        precondition(self.events.indices.contains(index), "no such event")
        let events = self.events[index].events
        let failed = events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
        return failed ? [.readable, .writable] : Interest(rawValue: events)
    }
}
