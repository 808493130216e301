package import Wire

/// The registry, and every tunnel number that was ever given, as they stood at one instant.
package struct NumberedSnapshot: Sendable {
    package let snapshot: FleetSnapshot

    /// Those of tunnels that were removed too.
    package let numbers: Set<TunnelNumber>
}
