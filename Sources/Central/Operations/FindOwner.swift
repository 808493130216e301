package import Foundation
package import Wire

/// Finds whose an address or a prefix is, now or at a time of the past: complaints come late.
package struct FindOwner: Sendable {
    package let query: AddressQuery

    /// Nil for now.
    package let time: Date?

    package init(of query: AddressQuery, at time: Date?) {
        self.query = query
        self.time = time
    }

    /// What an address is of somebody's.
    package struct Match: Hashable, Sendable {
        /// How it belongs to whom it belongs to.
        package enum Kind: String, Sendable {
            /// Inside a tunnel.
            case tunnel

            /// In a prefix that is delegated through a tunnel.
            case subnet

            /// Where a tunnel ends outside.
            case endpoint

            /// A PoP's own.
            case pop

            /// In a prefix of a PoP, and nobody's there.
            case unused
        }

        package let kind: Kind

        /// The block or the address of which it is a part.
        package let place: String
        package let pop: String
        package var tunnel: TunnelNumber?
        package var type: String?
        package var owner: UserHandle?
        package var name: String?
        package var mail: String?

        /// From when on it was so; nil where that is not known.
        package var since: Date?

        /// When it ended; nil where it is still so.
        package var until: Date?
    }

    /// Everything that it is, the narrowest first, and from when on the past is known.
    package struct Answer: Sendable {
        package let time: Date
        package let matches: [Match]
        package let registryKnownSince: Date?
        package let endpointsKnownSince: Date?
    }

    /// - Throws: ``RegistryError/notFound(_:)`` for a time before the registry's history.
    package func run(in centre: Centre, now: Date = Date()) async throws -> Answer {
        let store = centre.store
        let time = self.time ?? now
        guard time <= now else { throw RegistryError.refused("\(time.iso8601) is still to come") }
        let snapshot = try await store.registry.snapshot(of: .fleet)
        let start = try await store.history.historyStart()
        guard let revision = try await store.history.revision(at: time) else {
            let since = start.map { "its history begins at \($0.iso8601)" } ?? "it has no history yet"
            throw RegistryError.notFound("the registry does not know what was at \(time.iso8601): \(since)")
        }
        let later = try await store.registry.changes(since: revision).filter {
            $0.revision <= snapshot.revision
        }
        let present = AddressBook(snapshot)
        var book = present
        for entry in later.reversed() { book.takeBack(entry) }
        book.takeBack(try await store.endpoints.firstChanges(after: time), besides: later)
        let reportedSince = try await store.samples.endpointsKnownSince()
        var reader = MatchReader(store: store, book: book, present: present, revision: revision, later: later)
        if time < now.addingTimeInterval(-EndpointPace.keptFor), let reportedSince, reportedSince <= time {
            reader.followed = Set(snapshot.tunnels.filter { $0.updateKey != nil }.map(\.number))
        }
        return Answer(
            time: time,
            matches: try await reader.matches(of: self.query, at: time),
            registryKnownSince: start,
            endpointsKnownSince: reportedSince
        )
    }
}

/// Makes matches of places, with since when they are what they are.
private struct MatchReader {
    let store: FleetStore

    /// At the time that is asked for, and now.
    let book: AddressBook
    let present: AddressBook

    /// The last change before the time, and those after it.
    let revision: Int64
    let later: [AuditEntry]

    /// Static tunnels whose ends at the time only their PoPs' reports know: routers tell of them, and what they told is forgotten.
    var followed: Set<TunnelNumber> = []

    func matches(of query: AddressQuery, at time: Date) async throws -> [FindOwner.Match] {
        var matches: [FindOwner.Match] = []
        var unused: [FindOwner.Match] = []
        for place in self.book.places(of: query) {
            switch place {
            case .tunnel(let number, let block):
                let span = try await self.span("tunnel \(number)", ["pop", "tid"])
                matches.append(self.match(.tunnel, "\(block)", number, span))
            case .subnet(let number, let prefix):
                let span = try await self.span("subnet \(prefix)", ["tunnel"])
                matches.append(self.match(.subnet, "\(prefix)", number, span))
            case .endpoint(let number, let address):
                guard !self.followed.contains(number) else { continue }
                let span = try await self.endpointSpan(of: number, at: time)
                matches.append(self.match(.endpoint, "\(address)", number, span))
            case .pop(let name, let address):
                let span = try await self.span("pop \(name)", ["ipv4", "ipv6"])
                matches.append(Self.match(.pop, "\(address)", name, span))
            case .prefix(let name, let prefix, _):
                unused.append(
                    Self.match(.unused, "\(prefix)", name, try await self.span("prefix \(prefix)", ["pop"]))
                )
            }
        }
        matches += try await self.reported(query, at: time)
        return matches.isEmpty ? unused : matches
    }

    /// Tunnels whose user moves: where they ended is what their PoPs reported.
    private func reported(_ query: AddressQuery, at time: Date) async throws -> [FindOwner.Match] {
        guard case .address(let address) = query else { return [] }
        return try await self.store.samples.endpointSpans(at: address, time).compactMap {
            span -> FindOwner.Match? in
            // Of a static tunnel the registry knows it better; a tunnel that was removed since is in the book of then.
            guard let tunnel = self.book.tunnels[span.tunnel],
                tunnel.endpoint == nil || self.followed.contains(span.tunnel)
            else { return nil }
            return self.match(.endpoint, "\(address)", span.tunnel, (span.since, span.until))
        }
    }

    private func match(
        _ kind: FindOwner.Match.Kind,
        _ place: String,
        _ number: TunnelNumber,
        _ span: (since: Date?, until: Date?)
    ) -> FindOwner.Match {
        guard let tunnel = self.book.tunnels[number] else {
            return FindOwner.Match(kind: kind, place: place, pop: "", tunnel: number)
        }
        var match = Self.match(kind, place, tunnel.pop, span)
        match.tunnel = number
        match.type = tunnel.type
        match.owner = tunnel.owner
        let user = tunnel.owner.flatMap { self.user($0) }
        match.name = user?.name
        match.mail = user?.mail
        return match
    }

    private static func match(
        _ kind: FindOwner.Match.Kind,
        _ place: String,
        _ pop: String,
        _ span: (since: Date?, until: Date?)
    ) -> FindOwner.Match {
        FindOwner.Match(kind: kind, place: place, pop: pop, since: span.since, until: span.until)
    }

    /// How a user is reached: as they say today, while it is the same user.
    private func user(_ handle: UserHandle) -> AddressBook.UserEntry? {
        let (then, now) = (self.book.users[handle], self.present.users[handle])
        return now?.created == then?.created ? now ?? then : then ?? now
    }

    /// Since when some values of a subject were what they were, and until when.
    private func span(_ subject: String, _ keys: Set<String>) async throws -> (since: Date?, until: Date?) {
        func changes(_ entry: AuditEntry) -> Bool {
            entry.action != "change"
                || DocumentDifference(from: entry.before, to: entry.after).fields.contains {
                    keys.contains($0.key)
                }
        }
        let before = try await self.store.history.changes(of: subject, upTo: self.revision)
        return (
            before.last(where: changes)?.time,
            self.later.first { $0.subject == subject && changes($0) }?.time
        )
    }

    /// Since when a static tunnel ended where it did, and until when, by whoever changed it: an operator, or its user's router.
    private func endpointSpan(
        of number: TunnelNumber,
        at time: Date
    ) async throws -> (since: Date?, until: Date?) {
        let audited = try await self.span("tunnel \(number)", ["endpoint"])
        let told = try await self.store.endpoints.requests(of: number).filter { $0.state == .applied }
            .map(\.time)
        return (
            ([audited.since] + told.filter { $0 <= time }).compactMap(\.self).max(),
            ([audited.until] + told.filter { $0 > time }).compactMap(\.self).min()
        )
    }
}
