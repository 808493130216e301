internal import Central
internal import Foundation
internal import HTTP
internal import Wire

/// What happened, who changed what, and how the rounds go.
enum HistoryPages {
    /// Rows on a page when nothing is said, and at most.
    private static let usual = 100
    private static let most = 1000

    /// How many rows an address asks for, `?last=500`.
    ///
    /// - Throws: ``HTTP/Refusal``.
    private static func window(_ request: Request) throws(Refusal) -> HistoryWindow {
        guard let text = request.target.query["last"] else { return HistoryWindow(last: Self.usual) }
        guard let last = Int(text), (1...Self.most).contains(last) else {
            throw Refusal(.badRequest, "last is a number from 1 to \(Self.most)")
        }
        return HistoryWindow(last: last)
    }

    static func events(_ request: Request, _ centre: Centre) async throws -> View {
        let answer = try await ListEvents(of: [], try Self.window(request)).run(in: centre)
        let documents = answer.events.map { EventDocument($0, in: answer.fleet) }
        return View("Events", documents, Elements.events(documents))
    }

    static func audit(_ request: Request, _ centre: Centre) async throws -> View {
        let entries = try await ListAudit(of: [], try Self.window(request)).run(in: centre)
        let rows = entries.reversed().map { entry -> [HTML] in
            ["\(entry.revision)", "\(entry.time.iso8601)", "\(entry.author)", "\(entry.words)"]
        }
        let table = Elements.table(
            "Audit",
            ["Revision", "Time", "Who", "What"],
            rows,
            none: "No such change."
        )
        return View("Audit", entries.map { AuditDocument($0) }, table)
    }

    static func down(_ centre: Centre, now: Date) async throws -> View {
        let answer = try await ListDownTunnels().run(in: centre)
        let documents = answer.rows.map { DownTunnelDocument($0) }
        let rows = documents.reversed().map { row -> [HTML] in
            let tunnel = row.tunnel
            return [
                Elements.tunnel(tunnel.tunnel), Elements.pop(tunnel.pop), Elements.user(tunnel.owner),
                "\(tunnel.type)", "\(row.since?.iso8601 ?? "never up")",
                "\(row.reported?.iso8601 ?? "never")",
            ]
        }
        let silences = answer.silent.map { silence -> HTML in
            "<p>\(Elements.pop(silence.pop.description)) has not answered since \(silence.since.iso8601): how its tunnels are is not known.</p>"
        }
        let columns = ["Tunnel", "PoP", "Owner", "Type", "Down since", "Reported"]
        let table = Elements.table(
            "Tunnels that are down",
            columns,
            rows,
            none: "No tunnel is down that should be up."
        )
        return View("Tunnels that are down", documents, "\(silences)\(table)")
    }

    /// What programs get of the rounds.
    private struct Rounds: Encodable {
        let serving: Holder?
        let underWay: Holder?
        let contacts: [ContactDocument]
    }

    /// Who has a lease.
    private struct Holder: Encodable {
        let name: String
        let until: String

        init(_ holder: LeaseHolder) {
            self.name = holder.name
            self.until = holder.until.iso8601
        }
    }

    static func rounds(_ request: Request, _ centre: Centre, now: Date) async throws -> View {
        let status = try await ReadRounds().run(in: centre, now: now)
        let answer = try await ListContacts(with: [], try Self.window(request)).run(in: centre)
        let documents = answer.contacts.map { ContactDocument($0, pop: answer.fleet.pop($0.popID)?.name) }
        let fields = Elements.fields([
            ("Rounds are made by", "\(status.serving?.name ?? "nobody: sixxs-central serve makes them")"),
            ("Under way", "\(status.underWay.map { "by \($0.name)" } ?? "none")"),
        ])
        let document = Rounds(
            serving: status.serving.map { Holder($0) },
            underWay: status.underWay.map { Holder($0) },
            contacts: documents
        )
        return View(
            "Rounds",
            document,
            "\(fields)<h2>The last visits</h2>\(Elements.contacts(documents))"
        )
    }
}
