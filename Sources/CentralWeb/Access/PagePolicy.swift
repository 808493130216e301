package import Central
package import Wire

/// How the pages are reached, and what passwords cost.
package struct PagePolicy: Sendable {
    /// Where people find the pages; nil where that was not said.
    package var url: WebURL?

    /// Addresses that speak for others, with `X-Forwarded-For`; whoever comes over a UNIX socket does, too.
    package var proxies: Set<IPAddress> = []
    package var hasher: PasswordHasher

    /// - Parameter hasher: Who derives keys from passwords.
    package init(hasher: PasswordHasher) { self.hasher = hasher }

    /// What the cookie of a session is called: with its prefix no other host of the domain can set one.
    var cookie: String { self.url?.isSecure == true ? "__Host-sixxs_session" : "sixxs_session" }
}
