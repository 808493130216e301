package import Wire

/// Adds a tunnel at a PoP.
package struct AddTunnel: Sendable {
    package let pop: PoPName
    package let end: TunnelEnd
    package let mtu: Int?
    package let tid: TID?
    package let isEnabled: Bool
    package let owner: UserHandle?

    /// The password that its user has to be told; nil where there is none, or he brought it.
    private let newPassword: Password?

    /// What was added.
    package struct Answer: Sendable {
        package let tunnel: TunnelDocument

        /// The password that its user has to be told.
        package let newPassword: Password?
    }

    /// - Throws: ``TunnelEnd/Mismatch`` when type, endpoint and password do not fit together.
    package init(
        at pop: PoPName,
        type: TunnelType,
        endpoint: IPAddress?,
        password: PasswordChoice?,
        mtu: Int?,
        tid: TID?,
        isEnabled: Bool,
        owner: UserHandle?
    ) throws(TunnelEnd.Mismatch) {
        let made = type == .static ? password?.made : (password ?? .random).made
        self.pop = pop
        self.end = try TunnelEnd(type: type, endpoint: endpoint, password: made?.password)
        self.newPassword = made.flatMap { $0.isNew ? $0.password : nil }
        self.mtu = mtu
        self.tid = tid
        self.isEnabled = isEnabled
        self.owner = owner
    }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> Answer {
        let new = NewTunnel(
            pop: self.pop,
            end: self.end,
            mtu: self.mtu,
            tid: self.tid,
            isEnabled: self.isEnabled,
            owner: self.owner
        )
        guard case .tunnel(let tunnel) = try await ChangeRegistry(.addTunnel(new)).run(in: centre) else {
            throw RegistryError.unusable("the database made no tunnel")
        }
        return Answer(
            tunnel: try await ShowTunnel(tunnel.number).run(in: centre),
            newPassword: self.newPassword
        )
    }
}
