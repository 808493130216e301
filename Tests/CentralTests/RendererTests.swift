import Testing
import Wire

@testable import Central

@Suite("The renderer")
struct RendererTests {
    @Test func writesWhatLoadsAgain() async throws {
        let test = try await TestStore(Fixture.registry())
        let snapshot = try await test.store.registry.snapshot(of: .fleet)

        let configuration = ConfigurationRenderer(snapshot).configuration(of: 1)
        let rendering = try ConfigurationRenderer(snapshot).render(1)

        #expect(try Configuration(parsing: rendering.text, file: "test") == configuration)
        #expect(rendering.digest == configuration.digest)
        #expect(configuration.pop.id == 1)
        #expect(configuration.pop.pops.map(\.name) == ["chtst01", "nltst01"])
        #expect(configuration.pop.tunnelPrefix == (try Fixture.prefix("2001:db8:101::/48")))
        #expect(configuration.pop.subnetPrefixes.count == 2)
        #expect(configuration.tunnels.map(\.number.description) == ["T1", "T2"])
        #expect(configuration.tunnels.map(\.password) == ["geheim", nil])
        #expect(configuration.subnets.count == 1)
    }

    @Test func givesAPoPOnlyItsOwn() async throws {
        let test = try await TestStore(Fixture.registry())
        let renderer = ConfigurationRenderer(try await test.store.registry.snapshot(of: .fleet))

        #expect(renderer.configuration(of: 2).tunnels.isEmpty)
        #expect(renderer.configuration(of: 2).subnets.isEmpty)
        #expect(renderer.configuration(of: 2).pop.subnetPrefixes.isEmpty)
    }

    @Test func writesTheSameFromAPartAsFromTheWhole() async throws {
        let test = try await TestStore(Fixture.registry())
        let whole = try ConfigurationRenderer(try await test.store.registry.snapshot(of: .fleet)).render(1)
        let part = try ConfigurationRenderer(try await test.store.registry.snapshot(of: .pop(Fixture.name())))
            .render(
                1
            )

        #expect(whole.text == part.text)
    }

    @Test func keepsDisabledTunnelsAsSuch() async throws {
        let test = try await TestStore(Fixture.registry())
        try await test.store.registry.apply(
            [.amendTunnel(Fixture.number(2), TunnelAmendment(isEnabled: false))],
            by: "tester"
        )

        let configuration = ConfigurationRenderer(try await test.store.registry.snapshot(of: .fleet))
            .configuration(
                of: 1
            )

        #expect(configuration.tunnels.map(\.state) == [.up, .disabled])
    }
}
