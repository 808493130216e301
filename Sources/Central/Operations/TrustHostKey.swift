/// Fetches a PoP's SSH host key, and trusts it once somebody approved of it.
package struct TrustHostKey: Sendable {
    package let pop: PoPName

    package init(of pop: PoPName) { self.pop = pop }

    /// What the PoP's server shows beside what is trusted.
    package struct Offer: Sendable {
        package let shown: HostKey

        /// What was trusted until now; nil for none.
        package let trusted: HostKey?
        package let pop: PoPName
    }

    /// How somebody came to approve of a key.
    package enum Approval: Sendable {
        /// It has the fingerprint that was read elsewhere.
        case fingerprint(String)

        /// Whatever it is.
        case blind

        /// A person is asked now.
        case asking

        /// Nobody can be asked.
        case nobody
    }

    /// - Throws: ``RegistryError``, with what an operator can do when the PoP cannot be reached.
    package func offer(in centre: Centre, from scanner: SSHConnector) async throws -> Offer {
        let pop = try await centre.store.registry.snapshot(of: .pop(self.pop)).demand(self.pop)
        do throws(ConnectionFailure) {
            return Offer(shown: try await scanner.hostKey(of: pop), trusted: pop.hostKey, pop: self.pop)
        } catch {
            throw RegistryError.unusable("\(self.pop): \(error.message(for: self.pop))")
        }
    }

    /// - Throws: ``RegistryError``.
    package func trust(_ offer: Offer, in centre: Centre) async throws {
        let change = RegistryChange.amendPoP(self.pop, PoPAmendment(hostKey: offer.shown))
        try await centre.store.registry.apply([change], by: centre.author)
    }
}

extension TrustHostKey.Offer {
    /// Refuses an approval that does not suffice: another key than the trusted one may be that of somebody in between.
    ///
    /// - Throws: ``RegistryError/refused(_:)``.
    package func judge(_ approval: TrustHostKey.Approval) throws(RegistryError) {
        let shown = self.shown.fingerprint
        switch (approval, self.trusted) {
        case (.fingerprint(let expected), _) where expected != shown:
            throw .refused("the key of \(self.pop) is not trusted: expected \(expected), it has \(shown)")
        case (.blind, let old?):
            throw .refused(
                "\(self.pop) is trusted with another key, \(old.fingerprint), and shows \(shown): somebody may be in "
                    + "between. Read the fingerprint on its console, and repeat with --fingerprint"
            )
        case (.nobody, let old?):
            throw .refused(
                "\(self.pop) is trusted with another key, \(old.fingerprint), and shows \(shown): read the "
                    + "fingerprint on its console, and repeat with --fingerprint"
            )
        default: return
        }
    }
}
