internal import Foundation
internal import Wire

/// What a transaction has read already, so that many changes of one kind cost the same each.
///
/// Everything but additions of tunnels, subnets and users makes it forget all.
final class TransactionMemory {
    /// Of the audit's documents.
    let encoder = JSONText.compactEncoder()
    private(set) var pops: [PoPName: PoP] = [:]
    private var popsByID: [Int: PoP] = [:]

    /// PoPs that have a tunnel prefix.
    var popsWithTunnelPrefix: Set<Int> = []

    /// By PoP id; all tids below are taken.
    var lowestTID: [Int: UInt16] = [:]

    /// By PoP id.
    var subnetPrefixes: [Int: [IPv6Prefix]] = [:]

    /// By the subnet prefix that they lie in.
    var takenSubnets: [IPv6Prefix: Set<IPv6Prefix>] = [:]

    func forget() {
        self.pops = [:]
        self.popsByID = [:]
        self.popsWithTunnelPrefix = []
        self.lowestTID = [:]
        self.subnetPrefixes = [:]
        self.takenSubnets = [:]
    }

    func remember(_ pop: PoP) {
        self.pops[pop.name] = pop
        self.popsByID[pop.id] = pop
    }

    func pop(_ id: Int) -> PoP? { self.popsByID[id] }
}
