internal import Central
internal import HTTP
internal import Wire

/// What a user copies into their system to set a tunnel up.
enum ConfigurationPage {
    /// What programs get of one system.
    private struct Document: Encodable, Sendable {
        let system: String
        let title: String
        let texts: [Text]
    }

    private struct Text: Encodable, Sendable {
        let place: String
        let text: String
    }

    static func view(_ number: TunnelNumber, _ centre: Centre, at url: WebURL?) async throws -> View {
        let facts = try await WriteClientTexts(number, web: url).run(in: centre)
        let documents = facts.systems.map { system in
            Document(
                system: system.rawValue,
                title: system.title,
                texts: facts.texts(for: system).map { Text(place: $0.place, text: $0.text) }
            )
        }
        let systems = documents.map { document -> HTML in
            let texts = document.texts.map { text -> HTML in
                "<p>\(text.place):</p><pre>\(text.text)</pre>"
            }
            return "<details><summary>\(document.title)</summary>\(texts)</details>\n"
        }
        let body: HTML = """
            <p>Texts to copy, for the tunnel as it is now. What stands in &lt; &gt; is for you to put in; secrets are not shown here.</p>
            \(systems)
            \(Self.check(facts))
            """
        return View("Configuration of \(number)", documents, body)
    }

    /// How one sees whether it works, and what keeps it from working most often.
    private static func check(_ facts: ClientFacts) -> HTML {
        let (them, payload) = ("\(facts.them)", facts.mtu - 48)
        let plain: HTML =
            facts.type == .ayiya
            ? ""
            : """
            <li>A firewall that drops protocol 41, inward: your pings are counted at the PoP, and nothing comes back. In clouds the security
            group needs a rule for protocol 41.</li>
            <li>NAT in front of the host: use the host's own private address as the local one, and have protocol 41 forwarded to it. Behind the NAT of a
            provider (100.64.0.0/10, DS-Lite) 6in4 cannot work: ask for a tunnel of type AYIYA.</li>
            """
        return """
            <h2>Does it work?</h2>
            <p>In this order: the PoP, a packet as long as the MTU, something beyond, then from the LAN.</p>
            <pre>ping -c3 \(them)
            ping -c1 -M do -s \(payload) \(them)
            ping -c3 2001:4860:4860::8888</pre>
            <h2>What goes wrong most often</h2>
            <ul>\(plain)
            <li>A path of less than 1500 octets (PPPoE): pings work, big pages hang. A smaller MTU at both ends helps.</li>
            <li>Another default route for IPv6: the old one wins, or both take turns. See <code>ip -6 route</code>.</li>
            <li>No forwarding: the router works, its LAN does not.</li>
            <li>A tunnel is no firewall: the LAN behind it is open to the world.</li></ul>
            """
    }
}
