/// Whether a tunnel carries packets.
public enum TunnelCondition: UInt8, Hashable, Sendable, CaseIterable {
    /// Not configured.
    case none
    /// Switched off by the operator.
    case disabled
    /// Dynamic, and no recent beat says where its end is.
    case down
    /// Carries packets.
    case up
}
