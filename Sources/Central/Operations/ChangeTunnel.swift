package import Wire

/// Changes a tunnel; what is not named stays.
package struct ChangeTunnel: Sendable {
    package let number: TunnelNumber
    package let amendment: TunnelAmendment
    private let newPassword: Password?

    /// Says what is wanted, and what becomes of the password that a new one replaces.
    package init(
        _ number: TunnelNumber,
        _ amendment: TunnelAmendment,
        password: PasswordChoice? = nil,
        oldPassword: TunnelAmendment.OldPasswordFate? = nil
    ) {
        let made = password?.made
        var amendment = amendment
        amendment.password = made?.password
        amendment.oldPassword = oldPassword
        self.number = number
        self.amendment = amendment
        self.newPassword = made.flatMap { $0.isNew ? $0.password : nil }
    }

    /// - Returns: The password that its user has to be told, if one was made.
    /// - Throws: ``RegistryError``.
    @discardableResult
    package func run(in centre: Centre) async throws -> Password? {
        try await ChangeRegistry(.amendTunnel(self.number, self.amendment)).run(in: centre)
        return self.newPassword
    }
}
