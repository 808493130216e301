internal import Central
internal import Streams
internal import Wire

/// Whose an address is as `--json` prints it.
struct OwnerDocument: Encodable {
    /// One thing that it is.
    struct Match: Encodable {
        let kind: String
        let place: String
        let pop: String
        @ExplicitNull private(set) var tunnel: String?
        @ExplicitNull private(set) var type: String?
        @ExplicitNull private(set) var owner: String?
        @ExplicitNull private(set) var name: String?
        @ExplicitNull private(set) var mail: String?
        @ExplicitNull private(set) var since: String?
        @ExplicitNull private(set) var until: String?
    }

    let address: String
    let time: String
    let matches: [Match]

    /// From when on the past is known: of the registry, and of where tunnels ended.
    @ExplicitNull private(set) var registryKnownSince: String?
    @ExplicitNull private(set) var endpointsKnownSince: String?

    init(_ answer: FindOwner.Answer, of query: AddressQuery) {
        self.address = query.description
        self.time = answer.time.iso8601
        self.matches = answer.matches.map(Match.init)
        self.registryKnownSince = answer.registryKnownSince?.iso8601
        self.endpointsKnownSince = answer.endpointsKnownSince?.iso8601
    }

    /// Whether it is anybody's, or a PoP's.
    var isSomebodys: Bool { self.matches.contains { $0.kind != FindOwner.Match.Kind.unused.rawValue } }

    /// That it is nobody's, and how far that is known.
    var nobody: PrintedText {
        let place: PrintedText =
            self.matches.first.map { "it lies in \($0.place) of \($0.pop), where no tunnel had it" }
            ?? "it lies in no prefix of the fleet, and no tunnel is known to have ended there"
        let registry: PrintedText = "the registry's history begins at \(self.registryKnownSince ?? "no time")"
        let endpoints: PrintedText =
            self.endpointsKnownSince.map { "where moving users' tunnels ended is known since \($0)" }
            ?? "where moving users' tunnels ended is not known at all"
        return "\(self.address) belonged to nobody at \(self.time): \(place)\n\(registry); \(endpoints)"
    }

    /// Field by field, several things with an empty line between; a table where they are many.
    var text: PrintedText {
        guard self.matches.count <= 3 else { return self.table.text }
        let shown = self.matches.map { FieldList($0.fields).text }
        return shown.dropFirst().reduce(shown.first ?? "") { $0 + "\n\n" + $1 }
    }
}

extension OwnerDocument {
    private var table: TextTable {
        var table = TextTable([
            .left("PLACE"), .left("IS", rank: 2), .left("TUNNEL"), .left("POP"),
            .left("OWNER", rank: 1), .left("MAIL", rank: 3), .left("SINCE", rank: 4),
        ])
        for match in self.matches {
            table.append([
                match.place, match.kind, match.tunnel, match.pop, match.owner, match.mail, match.since,
            ])
        }
        return table
    }
}

extension OwnerDocument.Match {
    init(_ match: FindOwner.Match) {
        self.init(
            kind: match.kind.rawValue,
            place: match.place,
            pop: match.pop,
            tunnel: match.tunnel?.description,
            type: match.type,
            owner: match.owner?.description,
            name: match.name,
            mail: match.mail,
            since: match.since?.iso8601,
            until: match.until?.iso8601
        )
    }

    /// What it is, in words.
    private var words: String {
        switch FindOwner.Match.Kind(rawValue: self.kind) {
        case .tunnel: "inside the tunnel, in \(self.place)"
        case .subnet: "in the delegated prefix \(self.place)"
        case .endpoint: "where the tunnel ends, \(self.place)"
        case .pop: "the PoP's own, \(self.place)"
        case .unused, nil: "in the PoP's prefix \(self.place), unused"
        }
    }

    fileprivate var fields: [(String, String)] {
        let contact = [self.name ?? "", self.mail.map { $0.isEmpty ? "" : "<\($0)>" } ?? ""].filter {
            !$0.isEmpty
        }
        let tunnel = self.tunnel.map { tunnel in
            [
                ("Tunnel", "\(tunnel), \(self.type ?? "unknown type")"), ("Owner", self.owner ?? "nobody"),
                ("Contact", contact.joined(separator: " ")),
            ]
        }
        return [("Is", self.words), ("PoP", self.pop)] + (tunnel ?? [])
            + [("Since", self.since ?? "unknown"), ("Until", self.until ?? "now")]
    }
}
