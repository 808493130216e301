internal import Central
internal import Wire

extension FleetFigures {
    /// The same for people.
    var fields: [(String, String)] {
        [
            ("PoPs", "\(self.pops), \(self.popsEnabled) enabled, \(self.popsReachable) reachable"),
            (
                "Tunnels",
                "\(self.tunnels.total), \(self.tunnels.up) up, \(self.tunnels.active) active"
                    + (self.tunnels.unknown > 0 ? ", \(self.tunnels.unknown) unknown" : "")
            ),
            ("  by type", Self.words(self.tunnels.byType)), ("  by state", Self.words(self.tunnels.byState)),
            ("  by PoP", Self.words(self.tunnels.byPoP)), ("Users", "\(self.users)"),
            ("Subnets", "\(self.subnets)"), ("Last day", Self.words(self.lastDay)),
            ("Last week", Self.words(self.lastWeek)),
        ]
    }

    private static func words(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    private static func words(_ traffic: Traffic) -> String {
        "\(HumanFormat.octets(traffic.fromUplink.value)) from the uplink, \(HumanFormat.octets(traffic.toUplink.value)) to it"
    }
}
