internal import CFastPath
internal import Core
internal import Wire

extension AddressPlan {
    /// An address plan as the programs read it; subnet prefixes beyond the last that they know are nobody's.
    var layout: fast_path_plan {
        var layout = fast_path_plan()
        if let high = self.tunnelHigh {
            layout.has_tunnel_prefix = 1
            layout.tunnel_prefix = high
        }
        let count = min(self.subnetPrefixes.count, Int(FAST_PATH_SUBNET_PREFIXES))
        layout.subnet_prefix_count = UInt32(count)
        withUnsafeMutableBytes(of: &layout.subnet_prefixes) { bytes in
            let places = bytes.bindMemory(to: fast_path_subnet_prefix.self)
            for (index, prefix) in self.subnetPrefixes.prefix(count).enumerated() {
                places[index] = fast_path_subnet_prefix(
                    high: prefix.high,
                    mask: prefix.mask,
                    shift: prefix.shift
                )
            }
        }
        withUnsafeMutableBytes(of: &layout.owners) { bytes in
            let places = bytes.bindMemory(to: UInt16.self)
            for index in places.indices { places[index] = UInt16(FAST_PATH_NOBODY) }
            for (index, owner) in self.owners.prefix(places.count).enumerated() {
                if let owner { places[index] = owner.rawValue }
            }
        }
        return layout
    }
}
