package import Foundation
package import Wire

/// What daemons reported.
package protocol SampleStore: Sendable {
    /// Stores a report for a time: the counters as sums over restarts.
    ///
    /// - Returns: The tunnels that went up or down since the report before.
    func record(_ report: ReceivedReport, of popID: Int, at time: Date) async throws -> [FleetEvent]

    /// Stores why a PoP's newest report is not believed, or that there was none; the figures stay those of the report before.
    func record(doubts: String, of popID: Int, at time: Date) async throws

    /// Removes what was stored of tunnels that the registry does not have, a part of it when that is much.
    ///
    /// - Returns: Of how many tunnels.
    func forgetStrangers() async throws -> Int

    /// The newest sample of every PoP that has one, by PoP id.
    func latestSamples() async throws -> [Int: PoPSample]

    /// The steps of a tunnel since a time, and the one before them; those that hold what cannot be are left out.
    func steps(of tunnel: TunnelNumber, since: Date) async throws -> [CounterStep]

    /// The steps of a PoP since a time, and the one before them.
    func steps(ofPoP popID: Int, since: Date) async throws -> [CounterStep]

    /// What a PoP measured of the others since a time, step by step.
    func peerSteps(ofPoP popID: Int, since: Date) async throws -> [PeerStep]

    /// How every tunnel was in the newest report that had it.
    func tunnelSamples() async throws -> [TunnelNumber: TunnelSample]

    /// When tunnels were last reported up, to the precision of a step; those that never were are left out.
    func lastUp(of tunnels: [TunnelNumber]) async throws -> [TunnelNumber: Date]

    /// Which tunnels ended at an address at a time, as their PoPs reported.
    func endpointSpans(at address: IPAddress, _ time: Date) async throws -> [EndpointSpan]

    /// Where tunnels end, as their PoPs reported last; those that end nowhere are left out.
    func endpoints(of tunnels: [TunnelNumber]) async throws -> [TunnelNumber: IPAddress]

    /// From when on it is known where tunnels ended; nil when nothing is.
    func endpointsKnownSince() async throws -> Date?

    /// What each tunnel moved since a time, to the precision of a step; those that reported nothing are left out.
    func tunnelTraffic(since: Date) async throws -> [TunnelNumber: TunnelTraffic]

    /// What all PoPs together moved since a time, in octets, to the precision of a step.
    func traffic(since: Date) async throws -> (fromUplink: Tally, toUplink: Tally)
}
