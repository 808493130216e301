internal import Central
internal import HTTP

/// Who looks at the pages, and at how much of them.
struct Visitor: Hashable, Sendable {
    /// What somebody may see.
    enum Role: String, Hashable, Sendable {
        /// Everything.
        case `operator`

        /// The fleet, and nothing of its people: for a screen on a wall, or a program that counts.
        case viewer

        /// What is his own.
        case user
    }

    let name: String
    let role: Role

    /// The user whose account it is; nil for who has a token.
    var user: UserHandle?

    /// What every form has in it that changes something: another site cannot know it.
    ///
    /// Empty for who sends no cookie.
    var formToken = ""

    /// Refuses what shows people, their addresses and what they did, to whom it is not for.
    ///
    /// - Throws: ``HTTP/Refusal``.
    func mustSeePeople() throws(Refusal) {
        guard self.role == .operator else {
            throw Refusal(.forbidden, "users and the audit are for operators")
        }
    }

    /// Refuses what is the fleet's to whom it is not for, as if it were not there.
    ///
    /// - Throws: ``HTTP/Refusal``.
    func mustSeeFleet() throws(Refusal) {
        guard self.role != .user else { throw Refusal(.notFound, "there is nothing at this address") }
    }

    /// Whose account it is.
    ///
    /// - Throws: ``HTTP/Refusal`` for who has none, as if there were nothing.
    func account() throws(Refusal) -> UserHandle {
        guard let user = self.user else {
            throw Refusal(.notFound, "a token has no account: log in with a handle and a password")
        }
        return user
    }
}

extension Visitor {
    init(_ user: UserHandle, _ role: UserRole) {
        let role: Role =
            switch role {
            case .user: .user
            case .operator: .operator
            case .readOnly: .viewer
            }
        self.init(name: user.description, role: role, user: user)
    }
}
