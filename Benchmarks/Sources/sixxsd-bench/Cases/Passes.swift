internal import Wire

/// What it costs to take one packet from the buffer it was read into to what is to be transmitted, system calls
/// apart.
enum Passes {
    /// What the benchmark itself does for each packet: putting its head in a slot.
    static func overhead() -> Case {
        let traffic = Traffic(.uplinkToTunnel, innerLength: Scene.small, tunnels: 1)
        let bed = Bed(.sixInFour, tunnels: 1, traffic)
        return Case("receiving alone", operations: traffic.packets) { bed.receiveOnly() }
    }

    static func comparisons() -> [Comparison] {
        self.sixInFour() + [Scene.small, Scene.large].flatMap { self.ayiya($0) + self.answers($0) }
    }

    private static func sixInFour() -> [Comparison] {
        [
            Comparison("uplink → 6in4", Scene(work: .pass, route: .uplinkToTunnel, outcome: .underlay)),
            Comparison(
                "6in4 → uplink",
                Scene(work: .pass, route: .tunnelToUplink, outcome: .uplink, outer: .ipv4)
            ),
            Comparison(
                "6in4, wrong outer source: recorded",
                Scene(work: .pass, route: .spoofed, outcome: .nothing, outer: .ipv4)
            ),
        ]
    }

    private static func ayiya(_ length: Int) -> [Comparison] {
        var egress = Scene(work: .pass, route: .uplinkToTunnel, outcome: .underlay, kind: .ayiya)
        var ingress = Scene(
            work: .pass,
            route: .tunnelToUplink,
            outcome: .uplink,
            kind: .ayiya,
            outer: .ayiya
        )
        egress.length = length
        ingress.length = length
        return [
            Comparison("uplink → AYIYA, \(length) octets", egress),
            Comparison("AYIYA → uplink, \(length) octets", ingress),
        ]
    }

    private static func answers(_ length: Int) -> [Comparison] {
        var error = Scene(work: .pass, route: .uplinkToTunnel, outcome: .uplink)
        var echo = Scene(work: .pass, route: .tunnelToPoP, outcome: .underlay, outer: .ipv4)
        error.length = length
        error.hopLimit = 1
        echo.length = length
        return [
            Comparison("ICMPv6 error, about \(length) octets", error),
            Comparison("echo reply, 6in4, \(length) octets", echo),
        ]
    }

    /// A packet from one tunnel to another; with one tunnel there is no other.
    static func betweenTunnels() -> Case {
        Scene(work: .pass, route: .tunnelToTunnel, outcome: .underlay, outer: .ipv4)
            .example("6in4 → 6in4", tunnels: TID.capacity)
    }
}
