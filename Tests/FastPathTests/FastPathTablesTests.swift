import Core
import FastPath
import Testing
import Wire

@Suite(
    "The fast path's tables",
    .enabled(if: NetworkNamespace.takesPrograms, NetworkNamespace.programRequirement)
)
struct FastPathTablesTests {
    private static let text = FastPathCaseTests.text

    private static func packet(to number: UInt16) -> [UInt8] {
        InnerPacket(source: FastPathCaseTests.internet, destination: FastPathCaseTests.address(number)).octets
    }

    private static func touched(_ scene: FastPathScene) -> [UInt16] {
        var tids = TIDSet()
        scene.programs.tables.takeTouched(addingTo: &tids)
        var numbers: [UInt16] = []
        tids.forEach { numbers.append($0.rawValue) }
        return numbers
    }

    @Test func tellOnceOfWhichTunnelsSomethingWasCounted() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)

            _ = try scene.fromUplink(Self.packet(to: 0))
            _ = try scene.fromUplink(Self.packet(to: 0x1000))
            // To a disabled tunnel.
            _ = try scene.fromUplink(Self.packet(to: 2))
            let first = Self.touched(scene)
            let second = Self.touched(scene)
            _ = try scene.fromUplink(Self.packet(to: 0x1000))
            let third = Self.touched(scene)

            #expect(first == [0, 0x1000])
            #expect(second == [])
            #expect(third == [0x1000])
        }
    }

    @Test func keepRowsThatAConfigurationDoesNotChange() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            let tid = try #require(TID(rawValue: 1))
            let lower = Self.text.replacing("198.51.100.1 up 1480", with: "198.51.100.1 up 1300")
            var large = InnerPacket(
                source: FastPathCaseTests.internet,
                destination: FastPathCaseTests.address(0)
            )
            large.size = 1480

            // One tunnel changes between two configurations, another in one of them.
            scene.change(tid) { engine, _ in engine.setTracing(of: tid, to: true) }
            try scene.apply(lower)
            let traced = try scene.fromUplink(Self.packet(to: 1))
            let tooLarge = try scene.fromUplink(large.octets)
            scene.change(tid) { engine, _ in engine.setTracing(of: tid, to: false) }
            try scene.apply(Self.text)
            try scene.apply(Self.text)
            let again = try scene.fromUplink(Self.packet(to: 1))
            let fits = try scene.fromUplink(large.octets)

            #expect(traced == .left(.slowTunnel))
            #expect(tooLarge == .left(.tooBig))
            #expect(again.isForwarded && fits.isForwarded)
        }
    }
}
