internal import Foundation
package import Wire

/// Changes where a static tunnel ends, for a user's router that has the tunnel's update key.
package struct UpdateEndpoint: Sendable {
    /// As it came: a user's handle, which may be none.
    package let user: String
    package let key: String
    package let tunnel: TunnelNumber
    package let address: IPv4Address

    /// Who asks; nil where that is not known.
    package let client: IPAddress?

    package init(
        user: String,
        key: String,
        tunnel: TunnelNumber,
        address: IPv4Address,
        client: IPAddress?
    ) {
        self.user = user
        self.key = key
        self.tunnel = tunnel
        self.address = address
        self.client = client
    }

    /// What became of it.
    package enum Answer: Hashable, Sendable {
        case done(EndpointOutcome)

        /// The key is none of the tunnel's, or the tunnel none of the user's; which of them is not said.
        case unauthorized

        /// The tunnel's endpoint comes from its packets.
        case hasNoEndpoint

        /// The tunnel cannot end there, in words.
        case badAddress(String)
    }

    /// - Throws: ``RegistryError/unusable(_:)``.
    package func run(in centre: Centre) async throws -> Answer {
        let found: Tunnel?
        do {
            found = try await centre.store.registry.snapshot(of: .tunnel(self.tunnel)).tunnel(self.tunnel)
        } catch RegistryError.notFound {
            found = nil
        }
        // Compared even where there is nothing to compare with, so that both take as long.
        let key = UpdateKey(of: self.key)
        let isKey = (found?.updateKey ?? UpdateKey(of: "")).matches(key)
        guard let tunnel = found, tunnel.updateKey != nil, isKey, let owner = tunnel.owner,
            let handle = try? UserHandle(parsing: self.user), handle == owner
        else { return .unauthorized }
        guard tunnel.end.endpoint != nil else { return .hasNoEndpoint }
        return try await self.request(in: centre, with: EndpointClaim(owner: owner, key: key))
    }

    /// Asks for the change with a claim that is looked at again: the key may be revoked since it was read.
    private func request(in centre: Centre, with claim: EndpointClaim) async throws -> Answer {
        let change = RegistryChange.requestEndpoint(
            self.tunnel,
            .ipv4(self.address),
            from: self.client,
            with: claim
        )
        do {
            let results = try await centre.store.registry.apply([change], by: "\(claim.owner)")
            guard case .endpoint(let outcome)? = results.first else {
                throw RegistryError.unusable("the registry did not say what became of an endpoint")
            }
            return outcome == .unauthorized ? .unauthorized : .done(outcome)
        } catch RegistryError.notFound {
            return .unauthorized
        } catch RegistryError.refused(let reason) {
            return .badAddress(reason)
        }
    }
}
