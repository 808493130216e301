package import Foundation
package import Wire

/// Makes a link with which a user chooses a password for the pages, once.
package struct IssueLink: Sendable {
    package let user: UserHandle
    package let kind: AccountLinkKind
    package let base: WebURL

    package init(_ kind: AccountLinkKind, for user: UserHandle, at base: WebURL) {
        self.user = user
        self.kind = kind
        self.base = base
    }

    /// What was made; whoever has it can log in as the user, so that it is shown once and kept nowhere.
    package struct Answer: Hashable, Sendable {
        package let user: UserHandle

        /// Where the user may want it.
        package let mail: String
        package let link: String
        package let end: Date
    }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre, now: Date = Date()) async throws -> Answer {
        let token = SecretToken.random()
        let end = now.addingTimeInterval(self.kind.duration)
        let link = AccountLink(token: token.stored, kind: self.kind, user: self.user, end: end)
        guard case .user(let user) = try await ChangeRegistry(.issueLink(link)).run(in: centre) else {
            throw RegistryError.unusable("the registry did not say whose the link is")
        }
        return Answer(user: user.handle, mail: user.mail, link: self.base.link(token.text), end: end)
    }
}
