/// Work of known size for callgrind: what n batches more cost is what n batches cost.
enum InstructionWork {
    private static let tunnels = 64
    private static let packets = 512

    /// What can be counted.
    private static let operations: [(name: String, make: @Sendable () -> Case)] = [
        ("decision", { scene(Scene(work: .decision, route: .uplinkToTunnel, outcome: .underlay)) }),
        ("encapsulate-6in4", { scene(Scene(work: .pass, route: .uplinkToTunnel, outcome: .underlay)) }),
        (
            "encapsulate-6in4-trace",
            {
                scene(
                    Scene(work: .pass, route: .uplinkToTunnel, outcome: .underlay, tracesAnother: true)
                )
            }
        ),
        (
            "decapsulate-6in4",
            { scene(Scene(work: .pass, route: .tunnelToUplink, outcome: .uplink, outer: .ipv4)) }
        ),
        (
            "encapsulate-ayiya",
            { scene(Scene(work: .pass, route: .uplinkToTunnel, outcome: .underlay, kind: .ayiya)) }
        ),
        (
            "decapsulate-ayiya",
            {
                scene(
                    Scene(work: .pass, route: .tunnelToUplink, outcome: .uplink, kind: .ayiya, outer: .ayiya)
                )
            }
        ),
        (
            "encapsulate-6in4-alike",
            { scene(Scene(work: .pass, route: .uplinkToTunnel, outcome: .underlay), tunnels: 1) }
        ),
        (
            "decapsulate-6in4-alike",
            {
                scene(
                    Scene(work: .pass, route: .tunnelToUplink, outcome: .uplink, outer: .ipv4),
                    tunnels: 1
                )
            }
        ),
        ("sign-144", { Signatures(length: 144).cases[0] }),
        ("verify-144", { Signatures(length: 144).cases[1] }),
    ]

    /// Packets of several tunnels in turns, so that none is like the one before; of one tunnel, all are alike.
    private static func scene(_ scene: Scene, tunnels: Int = Self.tunnels) -> Case {
        scene.example("", tunnels: tunnels, packets: Self.packets)
    }

    /// Prints each operation's name and how many of it a batch has.
    static func printOperations() {
        for operation in self.operations { print(operation.name, operation.make().operations) }
    }

    /// Does batches of an operation.
    ///
    /// - Returns: Whether there is one of that name.
    static func run(_ name: String, batches: Int) -> Bool {
        guard let operation = self.operations.first(where: { $0.name == name }) else { return false }
        let example = operation.make()
        for _ in 0..<batches { example.batch() }
        return true
    }
}
