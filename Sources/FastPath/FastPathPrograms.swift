internal import CFastPath
internal import Core
public import LinuxIO
internal import SystemPackage
internal import Wire

/// The kernel's programs that forward plain 6in4 and GRE, loaded.
public final class FastPathPrograms: Sendable {
    /// For what leaves the TUN device, into tunnels.
    public let encapsulate: BPFProgram
    /// For what a link brings, out of tunnels.
    public let decapsulate: BPFProgram
    /// What they forward by, and what they counted.
    public let tables: FastPathTables

    /// Loads the programs, which leave everything alone until the tables say otherwise.
    ///
    /// - Parameters:
    ///   - linkHeader: Length of what stands in front of an inner packet that `encapsulate` gets, in octets: nothing on a TUN
    ///   device.
    ///   - asksForRoutes: Whether somebody answers ``FastPathTables/takeUnaskedRoutes()``; no tunnel is on the fast path before.
    /// - Throws: ``LinuxIO/SystemCallError``, `EPERM` where the process may not, or what the kernel lacks.
    public init(linkHeader: UInt32 = 0, asksForRoutes: Bool = false) throws(SystemCallError) {
        let octets = UnsafeRawBufferPointer(start: fast_path_object, count: Int(fast_path_object_size))
        let object = try BPFObject(octets, named: "sixxsd")
        let processors = BPFObject.processors
        try object.setConstants(linkHeader)
        try object.resize(table: "counters", to: processors * FastPathTables.tunnels)
        try object.resize(table: "processors", to: processors)
        try object.load()
        self.encapsulate = try object.loadedProgram("encapsulate")
        self.decapsulate = try object.loadedProgram("decapsulate")
        self.tables = try FastPathTables(
            of: object,
            processors: processors,
            limits: asksForRoutes ? RouteLimits() : nil
        )
    }

    // MARK: - What a kernel may lack

    /// An outer header and an inner one, from and to addresses that are for documentation, with an Ethernet header in front.
    private static let sample: [UInt8] =
        [UInt8](repeating: 0, count: 12) + [0x08, 0x00]
        + [0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 41, 0x4e, 0x62, 198, 51, 100, 1, 192, 0, 2, 1]
        + [0x60, 0, 0, 0, 0, 0, 59, 64]
        + [0x20, 1, 0x0d, 0xb8, 2, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
        + [0x20, 1, 0x0d, 0xb8, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]

    /// Tries what a kernel may lack although it loads the programs: to take an outer header off.
    ///
    /// - Parameter run: Runs a program on a frame; tests answer for the kernel.
    /// - Throws: ``LinuxIO/SystemCallError`` with what it lacks, or that the process may not ask.
    public static func probe(
        _ run: (BPFProgram, [UInt8]) throws(SystemCallError) -> (action: BPFProgram.Action, packet: [UInt8]) =
            {
                (program, frame) throws(SystemCallError) in try program.test(frame)
            }
    ) throws(SystemCallError) {
        let programs = try FastPathPrograms(linkHeader: 14)
        var configuration = Configuration()
        configuration.pop.tunnelPrefix = IPv6Prefix(
            containing: IPv6Address(high: 0x2001_0db8_02ff_0000, low: 0),
            length: 48
        )
        let tunnel = PlainTunnel(
            local: IPv4Address(192, 0, 2, 1),
            remote: IPv4Address(198, 51, 100, 1),
            mtu: 1280,
            identification: 1
        )
        programs.tables.replace(AddressPlan(configuration), device: 0) { $0.rawValue == 0 ? tunnel : nil }
        programs.tables.sayAlive(at: MonotonicClock.now())
        let result = try run(programs.decapsulate, Self.sample)
        guard result.action == .redirect, result.packet.count == Self.sample.count - 20 else {
            throw SystemCallError(
                call: "bpf_skb_adjust_room",
                errno: .notSupported,
                subject: "the kernel's programs",
                explanation: "this kernel does not take outer headers off (Linux 6.3 and later do)"
            )
        }
    }
}
