package import Foundation
package import Wire

/// What users' routers said of where their tunnels end, and what of it is at the PoPs.
///
/// Changes are made through ``RegistryStore``, as all others.
package protocol EndpointStore: Sendable {
    /// The wishes of a tunnel of the last seven days, the newest first.
    func requests(of tunnel: TunnelNumber) async throws -> [EndpointRequest]

    /// The first change of each tunnel after a time, as far as they are kept.
    func firstChanges(after time: Date) async throws -> [EndpointRequest]

    /// The PoPs with changes behind the one of a number, and the number of the newest change.
    func popsWithChanges(after number: Int64) async throws -> (popIDs: Set<Int>, newest: Int64)

    /// The PoPs with changes since a time.
    func popsWithChanges(since time: Date) async throws -> Set<Int>

    /// The tunnels of a PoP whose endpoints were changed in the time for which that is kept.
    func changedTunnels(ofPoP popID: Int) async throws -> Set<TunnelNumber>

    /// The tunnels that have a wish which waits and may be applied now, since they changed less of late.
    func tunnelsThatWait() async throws -> [TunnelNumber]

    /// Forgets wishes that are older than seven days, a part of them when they are many.
    func forgetOldRequests() async throws

    /// What a PoP may run besides a generation.
    func patchedStates(of popID: Int, on generation: Int) async throws -> [PatchedState]

    /// Remembers what a PoP may run from now on; the oldest such is forgotten, but never what it ran when it was seen last.
    func keep(_ state: PatchedState, beside running: String?) async throws
}

extension EndpointStore {
    /// The same, where nobody has seen what the PoP runs.
    func keep(_ state: PatchedState) async throws { try await self.keep(state, beside: nil) }
}
