internal import HTTP

/// Who looks at the pages, and at how much of them.
struct Visitor: Hashable, Sendable {
    /// What somebody may see.
    enum Role: String, Hashable, Sendable {
        /// Everything.
        case `operator`

        /// The fleet, and nothing of its people: for a screen on a wall, or a program that counts.
        case viewer
    }

    let name: String
    let role: Role

    /// Refuses what shows people, their addresses and what they did, to whom it is not for.
    ///
    /// - Throws: ``HTTP/Refusal``.
    func mustSeePeople() throws(Refusal) {
        guard self.role == .operator else {
            throw Refusal(.forbidden, "this token is a viewer's: users and the audit are for operators")
        }
    }
}
