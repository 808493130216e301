import Foundation
import Testing
import Wire

@testable import Central

/// A push of a small or a large configuration through SSH.
enum TestPush {
    /// Long ones: a machine that is busy with all tests at once is no failure.
    static let patience = Duration.seconds(300)
    static let deadlines = ConnectionDeadlines(
        lookup: Self.patience,
        connect: Self.patience,
        keyExchange: Self.patience,
        authentication: Self.patience,
        channel: Self.patience,
        greeting: Self.patience,
        request: Self.patience
    )

    static func generation(tunnels: Int = 1) throws -> Generation {
        var configuration = Configuration()
        configuration.pop.tunnelPrefix = try Fixture.prefix("2001:db8:101::/48")
        configuration.tunnels = try (0..<tunnels).map { index in
            TunnelSettings(
                tid: try #require(TID(rawValue: UInt16(index))),
                number: try Fixture.number(UInt32(index + 1)),
                remote: .dynamic(.ayiya),
                state: .up,
                mtu: 1280,
                password: "geheim"
            )
        }
        let text = configuration.canonicalText
        return Generation(
            popID: 1,
            number: 7,
            digest: configuration.digest,
            text: text,
            created: Date(),
            author: "tester",
            reason: "test"
        )
    }

    static func push(
        to pop: PoP,
        tunnels: Int = 1,
        _ deadlines: ConnectionDeadlines = Self.deadlines
    ) async throws(ConnectionFailure) -> PushConversation.Result {
        guard let generation = try? Self.generation(tunnels: tunnels) else { throw .cancelled }
        let conversation = PushConversation(
            pop: pop.name,
            generation: generation,
            expectation: ReportExpectation(
                popID: pop.id,
                popName: pop.name.description,
                tunnels: Set((1...tunnels).compactMap { try? Fixture.number(UInt32($0)) })
            ),
            massChange: nil,
            confirm: 60
        )
        return try await SSHConnector(deadlines: deadlines).converse(with: pop) {
            session throws(ConnectionFailure) in
            try conversation.hold(session)
        }
    }

    /// Pushes, and returns how that failed.
    static func failure(
        _ pop: PoP,
        tunnels: Int = 1,
        _ deadlines: ConnectionDeadlines = Self.deadlines
    ) async -> ConnectionFailure? {
        do {
            _ = try await Self.push(to: pop, tunnels: tunnels, deadlines)
            return nil
        } catch {
            return error
        }
    }
}

extension PushConversation.Push {
    /// Whether the daemon took the push and waits for the confirmation.
    var isOnTrial: Bool { if case .onTrial = self { true } else { false } }
}
