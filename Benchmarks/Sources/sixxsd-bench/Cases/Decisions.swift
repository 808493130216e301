internal import Wire

/// What it costs to check a packet's header and to decide its fate.
enum Decisions {
    static func comparisons() -> [Comparison] {
        let toSubnet = Scene(work: .decision, route: .uplinkToSubnet, outcome: .underlay)
        var toManySubnets = toSubnet
        toManySubnets.subnetPrefixes = PoPSettings.maximumSubnetPrefixes
        return [
            Comparison("uplink → tunnel", Scene(work: .decision, route: .uplinkToTunnel, outcome: .underlay)),
            Comparison("uplink → subnet", toSubnet),
            Comparison("uplink → subnet, 16 subnet prefixes", toManySubnets),
            Comparison("tunnel → uplink", Scene(work: .decision, route: .tunnelToUplink, outcome: .uplink)),
        ]
    }

    /// The decision for a packet from one tunnel to another; with one tunnel there is no other.
    static func betweenTunnels() -> Case {
        Scene(work: .decision, route: .tunnelToTunnel, outcome: .underlay)
            .example("tunnel → tunnel", tunnels: TID.capacity)
    }

    /// What the decisions are compared with.
    static func naive() -> Case {
        let traffic = Traffic(.uplinkToTunnel, innerLength: Scene.small, tunnels: TID.capacity)
        let forwarder = NaiveForwarder(tunnels: TID.capacity, traffic)
        return Case("naive: dictionary, objects, arrays", operations: traffic.packets) { forwarder.decide() }
    }
}
