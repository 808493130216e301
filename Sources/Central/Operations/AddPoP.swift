package import Wire

/// Adds a PoP, with what is usual where nothing is said.
package struct AddPoP: Sendable {
    package let pop: PoP

    package init(
        id: Int,
        name: PoPName,
        ipv4: IPv4Address,
        ipv6: IPv6Address,
        values: PoPAmendment,
        isEnabled: Bool
    ) {
        let defaults = PoPDefaults()
        let usual = PoP(
            id: id,
            name: name,
            ipv4: ipv4,
            ipv6: ipv6,
            ssh: SSHAccount(port: defaults.sshPort, user: defaults.sshUser, keyFile: defaults.sshKeyFile),
            control: defaults.control,
            tunnelMTU: defaults.tunnelMTU,
            isEnabled: isEnabled
        )
        self.pop = values.applied(to: usual)
    }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws {
        try await centre.store.registry.apply([.addPoP(self.pop)], by: centre.author)
    }
}
