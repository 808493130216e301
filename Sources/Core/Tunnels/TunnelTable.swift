internal import Wire

/// Memory for one element a tunnel, allocated once and never moved.
///
/// The one place where Core manages memory by hand: an array would be checked for a unique reference at each
/// change, on the data path.
@safe
struct TunnelTable<Element>: ~Copyable {
    private let base: UnsafeMutablePointer<Element>

    init(repeating element: Element) {
        unsafe self.base = .allocate(capacity: TID.capacity)
        unsafe self.base.initialize(repeating: element, count: TID.capacity)
    }

    deinit {
        unsafe self.base.deinitialize(count: TID.capacity)
        unsafe self.base.deallocate()
    }

    /// A TID is always under its capacity, so that no index can lie outside.
    subscript(tid: TID) -> Element {
        unsafeAddress { unsafe UnsafePointer(self.base + Int(tid.rawValue)) }
        nonmutating unsafeMutableAddress { unsafe self.base + Int(tid.rawValue) }
    }
}
