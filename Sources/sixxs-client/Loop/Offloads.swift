/// Whether the kernel may hand over and take many packets as one.
enum Offloads: String, CaseIterable, Sendable {
    /// Where it can.
    case auto
    /// Never.
    case off
}
