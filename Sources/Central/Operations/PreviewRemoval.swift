package import Wire

/// Looks up what goes away with something, for who has to say yes or no.
package struct PreviewRemoval: Sendable {
    /// What is to be removed.
    package enum Target: Sendable {
        case tunnel(TunnelNumber)
        case user(UserHandle)
        case pop(PoPName)
        case prefix(IPv6Prefix)
        case subnet(IPv6Prefix)
    }

    package let targets: [Target]

    package init(of targets: [Target]) { self.targets = targets }

    /// How many are looked up; the others are counted.
    private static let shown = 5

    /// - Returns: Its name and what there is to know of it, as part of a sentence; of several the first few.
    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> String {
        var words: [String] = []
        for target in self.targets.prefix(Self.shown) {
            words.append(try await self.words(about: target, in: centre))
        }
        let others = self.targets.count - words.count
        return words.joined(separator: ", ") + (others > 0 ? " and \(others) more" : "")
    }

    private func words(about target: Target, in centre: Centre) async throws -> String {
        switch target {
        case .tunnel(let number): Self.words(about: try await ShowTunnel(number).run(in: centre))
        case .user(let handle): try await self.words(about: handle, in: centre)
        case .pop(let name): try await self.words(about: name, in: centre)
        case .prefix(let prefix): try await self.words(aboutPrefix: prefix, in: centre)
        case .subnet(let prefix): try await self.words(aboutSubnet: prefix, in: centre)
        }
    }

    private static func words(about tunnel: TunnelDocument) -> String {
        let owner = tunnel.owner.map { "of \($0)" } ?? "no owner"
        let subnets = tunnel.subnets ?? []
        let routed = subnets.isEmpty ? "" : ", subnets \(subnets.listed(first: 5))"
        return "\(tunnel.tunnel) (\(tunnel.type) at \(tunnel.pop), \(owner)\(routed))"
    }

    private func words(about handle: UserHandle, in centre: Centre) async throws -> String {
        let user = try await ShowUser(handle).run(in: centre)
        let tunnels = user.tunnels ?? []
        let facts = [user.name, user.mail, tunnels.isEmpty ? "" : "tunnels \(tunnels.listed(first: 5))"]
        let known = facts.filter { !$0.isEmpty }.joined(separator: ", ")
        return "the user \(user.handle)" + (known.isEmpty ? "" : " (\(known))")
    }

    private func words(about name: PoPName, in centre: Centre) async throws -> String {
        let snapshot = try await centre.store.registry.snapshot(of: .pop(name))
        let pop = try snapshot.demand(name)
        let prefixes = snapshot.prefixes(of: pop.id).map { "\($0.prefix)" }
        let generations = try await centre.store.history.generationSummaries(of: pop.id, limit: .max).count
        let facts = [
            snapshot.tunnels.isEmpty ? nil : snapshot.tunnels.count.counted("tunnel"),
            prefixes.isEmpty ? nil : "prefixes \(prefixes.listed(first: 5))",
            "a history of \(generations.counted("generation"))",
        ]
        return "\(name) with " + facts.compactMap(\.self).joined(separator: "; ")
    }

    private func words(aboutPrefix prefix: IPv6Prefix, in centre: Centre) async throws -> String {
        let snapshot = try await centre.store.registry.snapshot(of: .infrastructure)
        guard let routed = snapshot.prefixes.first(where: { $0.prefix == prefix }),
            let pop = snapshot.pop(routed.popID)
        else { throw RegistryError.notFound("no PoP has the prefix \(prefix)") }
        return "the prefix \(prefix) of \(pop.name), for \(routed.kind.rawValue)s"
    }

    private func words(aboutSubnet prefix: IPv6Prefix, in centre: Centre) async throws -> String {
        let subnet = try await FindSubnet(around: prefix).run(in: centre)
        guard subnet.prefix == "\(prefix)" else {
            throw RegistryError.notFound(
                "\(prefix) is not a delegated prefix; it lies in \(subnet.prefix) of \(subnet.tunnel)"
            )
        }
        return "the subnet \(prefix) of \(subnet.tunnel) at \(subnet.pop)"
    }
}
