internal import Central
internal import Foundation
internal import HTTP
internal import Wire

/// Parts that several pages have.
enum Elements {
    /// A table that scrolls by itself where it is too wide.
    ///
    /// - Parameters:
    ///   - name: What it is of, for those who cannot see it.
    ///   - columns: The headings.
    ///   - rows: The cells of each row.
    ///   - none: What is said when there is no row.
    /// - Returns: The table, or nothing but a sentence where it has no rows.
    static func table(_ name: String, _ columns: [String], _ rows: [[HTML]], none: String) -> HTML {
        guard !rows.isEmpty else { return "<p class=\"soft\">\(none)</p>" }
        let heads = columns.map { column -> HTML in "<th scope=\"col\">\(column)</th>" }
        let lines = rows.map { cells -> HTML in
            let cells = cells.map { cell -> HTML in "<td>\(cell)</td>" }
            return "<tr>\(cells)</tr>\n"
        }
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="\(name)"><table><thead><tr>\(heads)</tr></thead>
            <tbody>\(lines)</tbody></table></div>
            """
    }

    /// Names with values; those without are left out.
    static func fields(_ fields: [(name: String, value: HTML?)]) -> HTML {
        let lines = fields.compactMap { field in
            field.value.map { value -> HTML in "<dt>\(field.name)</dt><dd>\(value)</dd>\n" }
        }
        return "<dl>\(lines)</dl>"
    }

    /// A form that changes something, with what shows that it is ours.
    static func form(_ action: String, _ visitor: Visitor, _ content: HTML) -> HTML {
        """
        <form method="post" action="\(action)"><input type="hidden" name="form" value="\(visitor.formToken)">\(content)</form>
        """
    }

    /// A text, or nothing.
    static func text(_ text: String?) -> HTML? { text.map { "\($0)" } }

    static func text(_ number: Int?) -> HTML? { number.map { "\($0)" } }

    static func verdict(_ level: FleetVerdict.Level) -> HTML {
        "<span class=\"verdict \(level.word.lowercased())\">\(level.word)</span>"
    }

    static func pop(_ name: String?) -> HTML {
        guard let name else { return "" }
        return "<a href=\"\(URLText(path: ["pops", name]))\">\(name)</a>"
    }

    static func tunnel(_ name: String?) -> HTML {
        guard let name else { return "" }
        return "<a href=\"\(URLText(path: ["tunnels", name]))\">\(name)</a>"
    }

    static func user(_ handle: String?) -> HTML {
        guard let handle else { return "" }
        return "<a href=\"\(URLText(path: ["users", handle]))\">\(handle)</a>"
    }

    static func events(_ events: [EventDocument]) -> HTML {
        Self.table(
            "Events",
            ["Time", "PoP", "Tunnel", "Event", "Detail"],
            events.reversed().map {
                ["\($0.time)", Self.pop($0.pop), Self.tunnel($0.tunnel), "\($0.kind)", "\($0.detail)"]
            },
            none: "Nothing happened."
        )
    }

    static func contacts(_ contacts: [ContactDocument]) -> HTML {
        Self.table(
            "Contacts",
            ["Time", "PoP", "What", "Seconds", "Outcome", "Generation", "Detail"],
            contacts.reversed().map { contact in
                [
                    "\(contact.time)", Self.pop(contact.pop), "\(contact.kind)", "\("\(contact.seconds)")",
                    "\(contact.outcome)", Self.text(contact.generation) ?? "", "\(contact.detail)",
                ]
            },
            none: "The centre has not spoken with it."
        )
    }

    static func tunnels(_ tunnels: [TunnelDocument]) -> HTML {
        Self.table(
            "Tunnels",
            ["Tunnel", "PoP", "Type", "Endpoint", "User address", "MTU", "Owner", "Enabled"],
            tunnels.map { tunnel in
                [
                    Self.tunnel(tunnel.tunnel), Self.pop(tunnel.pop), "\(tunnel.type)",
                    "\(tunnel.endpoint ?? "")",
                    "\(tunnel.userAddress ?? "")", "\(tunnel.mtu)", Self.user(tunnel.owner),
                    tunnel.enabled && tunnel.enabledByUser ? "yes" : tunnel.enabled ? "not by user" : "no",
                ]
            },
            none: "There is no tunnel."
        )
    }
}
