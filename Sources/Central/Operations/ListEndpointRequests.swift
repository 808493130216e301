internal import Foundation
package import Wire

/// Lists what a user's router said of where a tunnel ends.
package struct ListEndpointRequests: Sendable {
    package let tunnel: TunnelNumber

    package init(of tunnel: TunnelNumber) { self.tunnel = tunnel }

    /// What `--json` prints.
    package struct Answer: Encodable, Hashable, Sendable {
        /// Since when, by whom and why the tunnel's PoP is held, when it is: new endpoints wait until it is released.
        package let held: String?

        /// The newest first.
        package let requests: [Item]
    }

    package struct Item: Encodable, Hashable, Sendable {
        package let time: String
        package let from: String
        package let to: String
        package let client: String?
        package let state: String
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> Answer {
        let snapshot = try await centre.store.registry.snapshot(of: .tunnel(self.tunnel))
        let popID = snapshot.tunnel(self.tunnel)?.popID
        let histories = try await centre.store.rounds.histories()
        let hold = popID.flatMap { histories[$0]?.hold }
        let name = popID.flatMap { snapshot.pop($0)?.name.description } ?? ""
        return Answer(
            held: hold.map { "\(name) is held since \($0.since.iso8601) by \($0.author): \($0.reason)" },
            requests: try await centre.store.endpoints.requests(of: self.tunnel).map { request in
                Item(
                    time: request.time.iso8601,
                    from: request.old.description,
                    to: request.new.description,
                    client: request.client?.description,
                    state: request.state.rawValue
                )
            }
        )
    }
}
