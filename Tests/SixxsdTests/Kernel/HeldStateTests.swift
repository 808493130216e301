import LinuxIO
import Logging
import SystemPackage
import TestSupport
import Testing
import Wire

@testable import sixxsd

@Suite("What the daemon has in the kernel") struct HeldStateTests {
    private static let second: UInt64 = 1_000_000_000
    private static let disables = Sysctl.Name.disablesIPv6(on: "lo")
    private static let popIPv4 = IPAddress.ipv4(IPv4Address(192, 0, 2, 42))

    /// The kernel of a daemon that serves.
    private static func serving() throws -> FakeKernel {
        let kernel = FakeKernel()
        kernel.link = LinkState(isUp: true, mtu: 1500)
        kernel.settings = [.ipv6Forwarding: "1", Self.disables: "0"]
        kernel.own = [Self.popIPv4, .ipv6(try IPv6Address(parsing: "2001:db8::42"))]
        return kernel
    }

    /// What a daemon has there: all is well.
    private static func held(_ kernel: FakeKernel) throws -> HeldState<FakeTables> {
        // Loopback stands for the device: its number is 1 everywhere.
        let device = try NetworkDevice(named: "lo")
        var state = HeldState(FakeTables(kernel: kernel), device: device, mtu: 1500, forwards: true)
        try state.follow(try Configuration(parsing: Bench.text, file: "test"))
        #expect(state.compare(at: 0) == [])
        kernel.changes = []
        return state
    }

    private static func entry(_ text: String, metric: UInt32 = 1024) throws -> IPv6RouteEntry {
        IPv6RouteEntry(to: try IPv6Prefix(parsing: text), interface: 7, metric: metric, origin: 3)
    }

    private static let prefix = "2001:db8:2ff::/48"

    struct Accident: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let subject: Deviation.Subject
        let happen: @Sendable (FakeKernel) throws -> Void

        init(
            _ name: String,
            _ subject: Deviation.Subject,
            _ happen: @escaping @Sendable (FakeKernel) throws -> Void
        ) {
            self.testDescription = name
            self.subject = subject
            self.happen = happen
        }
    }

    // swift-format-ignore
    static let accidents = [
        Accident("the next hop's route is gone", .route) { $0.lose("2001:db8:2ff:ffff::1/128") },
        Accident("a tunnel prefix's route is gone", .route) { $0.lose(prefix) },
        Accident("a subnet prefix's route is gone", .route) { $0.lose("2001:db8:3000::/40") },
        Accident("a route was replaced", .route) { $0.lose(prefix); $0.routes.append(try entry(prefix)) },
        Accident("a route has another beside it", .route) { $0.routes.insert(try entry(prefix), at: 0) },
        Accident("the MTU was lowered", .mtu) { $0.link = LinkState(isUp: true, mtu: 1280) },
        Accident("the MTU was raised", .mtu) { $0.link = LinkState(isUp: true, mtu: 9000) },
        Accident("the device has no IPv6", .ipv6) { $0.settings[disables] = "1" },
        Accident("the host does not forward", .forwarding) { $0.settings[.ipv6Forwarding] = "0" },
    ]

    @Test(arguments: accidents)
    func isMended(_ accident: Accident) throws {
        let kernel = try Self.serving()
        var state = try Self.held(kernel)
        try accident.happen(kernel)

        let found = state.compare(at: Self.second)

        #expect(found.map(\.subject) == [accident.subject] && found.map(\.outcome) == [.mended], "\(found)")
        #expect(state.compare(at: 2 * Self.second) == [])
        #expect(!kernel.routes.contains { $0.interface == 7 })
    }

    @Test func losesAllAndHasAllAgain() throws {
        let kernel = try Self.serving()
        var state = try Self.held(kernel)
        kernel.routes = []

        #expect(state.compare(at: 1).map(\.subject) == [.route, .route, .route])
        #expect(state.compare(at: 2) == [])
    }

    @Test func leavesADeviceDownForAMoment() throws {
        let kernel = try Self.serving()
        var state = try Self.held(kernel)
        kernel.link = LinkState(isUp: false, mtu: 1500)
        kernel.routes = []

        #expect(state.compare(at: Self.second) == [])
        #expect(state.compare(at: 2 * Self.second) == [] && kernel.changes == [])
        let found = state.compare(at: 3 * Self.second)

        #expect(found.map(\.subject) == [.device, .route, .route, .route])
        #expect(found.allSatisfy { $0.outcome == .mended })
        #expect(state.compare(at: 4 * Self.second) == [])
    }

    @Test func saysWhatItCannotMend() throws {
        let kernel = try Self.serving()
        var state = try Self.held(kernel)
        kernel.own.remove(Self.popIPv4)
        kernel.routes.append(try Self.entry(Self.prefix, metric: 1))

        let found = state.compare(at: 1)

        #expect(found.map(\.subject) == [.route, .address] && found.allSatisfy { $0.outcome == .open })
        #expect(found[0].description.contains("dev #7 metric 1: remove that"))
        #expect(found[1].description.contains("192.0.2.42 is gone from this host"))
        #expect(kernel.changes == [], "what others put there in their own right stays")
    }

    @Test func takesNoOffenceAtWhatIsOthersRight() throws {
        let kernel = try Self.serving()
        var state = try Self.held(kernel)
        kernel.routes.append(try Self.entry("2001:db8:2ff:fffe::/64"))
        kernel.routes.append(try Self.entry(Self.prefix, metric: 2048))

        #expect(state.compare(at: 1) == [] && kernel.changes == [])
    }

    @Test func remarksAnAddressThatTheHostNeverHad() throws {
        let kernel = FakeKernel()
        kernel.link = LinkState(isUp: true, mtu: 1500)
        kernel.own = [Self.popIPv4]
        let tables = FakeTables(kernel: kernel)
        let device = try NetworkDevice(named: "lo")
        var state = HeldState(tables, device: device, mtu: 1500, forwards: false)
        try state.follow(try Configuration(parsing: Bench.text, file: "test"))

        let found = state.compare(at: 1)

        #expect(found.map(\.outcome) == [.remarked] && found[0].description.contains("2001:db8::42"))
    }

    @Test func saysThatTheDeviceIsGoneAndNothingElse() throws {
        let kernel = try Self.serving()
        var state = try Self.held(kernel)
        kernel.link = nil
        kernel.routes = []

        let found = state.compare(at: 1)

        #expect(found.map(\.subject) == [.device] && found.map(\.outcome) == [.open])
    }

    @Test func saysWhatTheKernelRefuses() throws {
        let kernel = try Self.serving()
        var state = try Self.held(kernel)
        kernel.lose(Self.prefix)
        kernel.refusal = .notPermitted

        let found = state.compare(at: 1)
        #expect(found.map(\.outcome) == [.open] && found[0].description.contains("Operation not permitted"))

        kernel.refusal = nil
        #expect(state.compare(at: 2).map(\.outcome) == [.mended])
    }

    @Test func followsAConfigurationWhateverOthersDid() throws {
        let kernel = try Self.serving()
        var state = try Self.held(kernel)
        kernel.lose("2001:db8:3000::/40")
        let text = Bench.text.replacing("pop subnetprefix add 2001:db8:3000::/40\n", with: "")
            .replacing("subnet set config 2001:db8:3001::/48 1 static\n", with: "")

        try state.follow(try Configuration(parsing: text, file: "test"))

        #expect(state.compare(at: 1) == [] && kernel.routes.count == 2)
    }

    // MARK: - Forwarding

    private static let listens = Sysctl.Name.acceptsAdvertisements(on: "lo")

    private static func advertised() throws -> IPv6RouteEntry {
        let all = try IPv6Prefix(parsing: "::/0")
        return IPv6RouteEntry(to: all, interface: 1, origin: 9)
    }

    // swift-format-ignore
    static let starts: [Row<[String], [String]>] = [
        Row("it forwards already",              ["1", "1"], is: []),
        Row("it forwards, in another way",      ["2", "1"], is: []),
        Row("advertisements are heard",         ["0", "1"], is: ["net.ipv6.conf.lo.accept_ra=2", "net.ipv6.conf.all.forwarding=1"]),
        Row("somebody else hears them",         ["0", "0"], is: ["net.ipv6.conf.all.forwarding=1"]),
        Row("they are heard whatever is so",    ["0", "2"], is: ["net.ipv6.conf.all.forwarding=1"]),
    ]

    @Test(arguments: starts)
    func turnsForwardingOnWhere(_ row: Row<[String], [String]>) throws {
        let kernel = FakeKernel()
        kernel.settings = [.ipv6Forwarding: row.input[0], Self.listens: row.input[1]]
        kernel.routes = [try Self.advertised()]
        var tables = FakeTables(kernel: kernel)

        let listening = try tables.turnForwardingOn()

        #expect(kernel.changes == row.output)
        #expect(listening == (row.output.count == 2 ? ["lo"] : []))
    }

    @Test(arguments: [true, false])
    func saysWhatDoesWithoutASettingThatCannotBeWritten(_ isAdvertised: Bool) throws {
        let kernel = FakeKernel()
        kernel.settings[Self.listens] = "1"
        kernel.routes = isAdvertised ? [try Self.advertised()] : []
        kernel.isReadOnly = true
        var tables = FakeTables(kernel: kernel)

        let error = #expect(throws: SystemCallError.self) { try tables.turnForwardingOn() }

        let name = isAdvertised ? "net.ipv6.conf.lo.accept_ra" : "net.ipv6.conf.all.forwarding"
        #expect(error?.description.contains("setting \(name) to ") == true)
        #expect(error?.description.contains("--keep-forwarding") == true)
        #expect(kernel.settings[.ipv6Forwarding] == "0")
    }

    // MARK: - Ledger

    @Test func tellsTheLogWhatIsNew() {
        let ledger = KernelLedger()
        let mended = Deviation(.route, .mended, "a route was gone")
        let open = Deviation(.address, .open, "an address is gone")
        let remark = Deviation(.address, .remarked, "an address is not here")

        #expect(ledger.note([mended, open, remark], at: 0).map(\.level) == [.error, .warning, .notice])
        #expect(ledger.note([mended, open, remark], at: 59 * Self.second) == [])
        #expect(ledger.account.mended == [.route: 2] && ledger.account.faults == [open])
        let later = ledger.note([mended], at: 60 * Self.second)
        #expect(later.map(\.level) == [.notice, .warning])
        #expect(later[1].text == "a route was gone (route: 3 since the start)")
        #expect(ledger.account.faults == [])
    }
}
