/// What tunnels are counted by.
package enum TunnelProperty: String, CaseIterable, Sendable {
    case owner
    case type
    case pop
    case state
}
