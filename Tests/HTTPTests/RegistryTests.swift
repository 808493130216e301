import NIOEmbedded
import TestSupport
import Testing
import Wire

@testable import HTTP

@Suite("How many connections there may be")
struct RegistryTests {
    // swift-format-ignore
    static let rows: [Row<[String?], [Bool]>] = [
        Row("as many as of one",        ["192.0.2.1", "192.0.2.1", "192.0.2.1"],                         is: [true, true, false]),
        Row("of different ones",        ["192.0.2.1", "192.0.2.1", "192.0.2.2"],                         is: [true, true, true]),
        Row("of one network",           ["2001:db8::1", "2001:db8::2", "2001:db8::3"],                   is: [true, true, false]),
        Row("of two networks",          ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"],               is: [true, true, true]),
        Row("of a proxy",               ["192.0.2.9", "192.0.2.9", "192.0.2.9"],                         is: [true, true, true]),
        Row("behind a UNIX socket",     [nil, nil, nil],                                                 is: [true, true, true]),
        Row("in all",                   [nil, "192.0.2.1", "192.0.2.2", "192.0.2.9", "192.0.2.3", nil],  is: [true, true, true, true, false, false]),
    ]

    @Test(arguments: Self.rows)
    func letsIn(_ row: Row<[String?], [Bool]>) throws {
        var limits = HTTPLimits()
        limits.connections = 4
        limits.connectionsOfOne = 2
        limits.proxies = [try IPAddress(parsing: "192.0.2.9")]
        let registry = ConnectionRegistry(limits)

        let outcomes = try row.input.map { text in
            registry.admit(NIOAsyncTestingChannel(), from: try text.map { try IPAddress(parsing: $0) })
        }

        #expect(outcomes == row.output)
    }

    @Test func whoLeavesMakesRoom() throws {
        var limits = HTTPLimits()
        limits.connectionsOfOne = 1
        let registry = ConnectionRegistry(limits)
        let client = try IPAddress(parsing: "192.0.2.1")
        let (first, second) = (NIOAsyncTestingChannel(), NIOAsyncTestingChannel())

        #expect(registry.admit(first, from: client))
        #expect(!registry.admit(second, from: client))
        // One that never was in makes none.
        registry.leave(second, from: client)
        #expect(!registry.admit(second, from: client))
        registry.leave(first, from: client)

        #expect(registry.admit(second, from: client))
        #expect(registry.count == 1)
    }

    @Test func nobodyComesInAtTheEnd() {
        let registry = ConnectionRegistry(HTTPLimits())
        let channel = NIOAsyncTestingChannel()

        #expect(registry.admit(channel, from: nil))
        #expect(registry.end().count == 1)

        #expect(!registry.admit(NIOAsyncTestingChannel(), from: nil))
    }
}
