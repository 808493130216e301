internal import Foundation
internal import Wire

/// Whose the addresses of the fleet are, at one time.
///
/// The registry holds the present; the past comes from it by taking back what the audit says was changed since.
struct AddressBook: Sendable {
    /// Where a tunnel is, and whose.
    struct TunnelEntry: Hashable, Sendable {
        var pop: String
        let tid: TID
        let type: String

        /// Of a static tunnel.
        fileprivate(set) var endpoint: IPAddress?
        let owner: UserHandle?
    }

    /// A prefix that is routed to a PoP.
    struct PrefixEntry: Hashable, Sendable {
        var pop: String
        let kind: PrefixKind
    }

    /// How a user is reached.
    struct UserEntry: Hashable, Sendable {
        let name: String
        let mail: String

        /// Tells two users of one handle, one after the other, apart.
        let created: String
    }

    /// A PoP's own addresses.
    struct PoPEntry: Hashable, Sendable {
        let ipv4: IPv4Address
        let ipv6: IPv6Address
    }

    private(set) var pops: [String: PoPEntry]
    private(set) var prefixes: [IPv6Prefix: PrefixEntry]
    private(set) var tunnels: [TunnelNumber: TunnelEntry]
    private(set) var subnets: [IPv6Prefix: TunnelNumber]
    private(set) var users: [UserHandle: UserEntry]

    /// Of a snapshot of the whole registry.
    init(_ snapshot: FleetSnapshot) {
        let names = Dictionary(uniqueKeysWithValues: snapshot.pops.map { ($0.id, $0.name.description) })
        self.pops = Dictionary(
            uniqueKeysWithValues: snapshot.pops.map {
                ($0.name.description, PoPEntry(ipv4: $0.ipv4, ipv6: $0.ipv6))
            }
        )
        self.prefixes = Dictionary(
            uniqueKeysWithValues: snapshot.prefixes.map {
                ($0.prefix, PrefixEntry(pop: names[$0.popID] ?? "", kind: $0.kind))
            }
        )
        self.tunnels = Dictionary(
            uniqueKeysWithValues: snapshot.tunnels.map { tunnel in
                let entry = TunnelEntry(
                    pop: names[tunnel.popID] ?? "",
                    tid: tunnel.tid,
                    type: tunnel.end.type.rawValue,
                    endpoint: tunnel.end.endpoint,
                    owner: tunnel.owner
                )
                return (tunnel.number, entry)
            }
        )
        self.subnets = Dictionary(uniqueKeysWithValues: snapshot.subnets.map { ($0.prefix, $0.tunnel) })
        self.users = Dictionary(
            uniqueKeysWithValues: snapshot.users.map {
                ($0.handle, UserEntry(name: $0.name, mail: $0.mail, created: $0.created.iso8601))
            }
        )
    }
}

extension AddressBook {
    /// Takes a change back; the newest must be taken back first.
    mutating func takeBack(_ entry: AuditEntry) {
        let words = entry.subject.split(separator: " ", maxSplits: 1).map(String.init)
        guard let kind = words.first, let name = words.last else { return }
        let before = entry.before.flatMap { JSONValue(parsing: $0) }?.members
        switch kind {
        case "pop": self.takeBack(pop: name, before, after: entry.after)
        case "prefix":
            guard let prefix = try? IPv6Prefix(parsing: name) else { return }
            self.prefixes[prefix] = before.flatMap(PrefixEntry.init)
        case "subnet":
            guard let prefix = try? IPv6Prefix(parsing: name) else { return }
            self.subnets[prefix] = before?.text("tunnel").flatMap { try? TunnelNumber(parsing: $0) }
        case "tunnel":
            guard let number = try? TunnelNumber(parsing: name) else { return }
            self.tunnels[number] = before.flatMap(TunnelEntry.init)
        case "user":
            guard let handle = try? UserHandle(parsing: name) else { return }
            self.users[handle] = before.flatMap(UserEntry.init)
        default: return
        }
    }

    /// Takes back what users' routers told, of which the audit has no entries.
    ///
    /// - Parameters:
    ///   - changes: The first of each tunnel after the time whose book this is.
    ///   - entries: What was taken back already: what was so before an earlier one of them, that one knew.
    mutating func takeBack(_ changes: [EndpointRequest], besides entries: [AuditEntry]) {
        let audited = Dictionary(entries.map { ($0.subject, $0.time) }, uniquingKeysWith: min)
        for change in changes {
            if let time = audited["tunnel \(change.tunnel)"], time < change.time { continue }
            self.tunnels[change.tunnel]?.endpoint = change.old
        }
    }

    private mutating func takeBack(pop subject: String, _ before: [String: JSONValue]?, after: String?) {
        let after = after.flatMap { JSONValue(parsing: $0) }?.members.text("name") ?? subject
        let name = before?.text("name") ?? subject
        self.pops[after] = nil
        self.pops[name] = before.flatMap(PoPEntry.init)
        guard after != name else { return }
        for (number, tunnel) in self.tunnels where tunnel.pop == after { self.tunnels[number]?.pop = name }
        for (prefix, entry) in self.prefixes where entry.pop == after { self.prefixes[prefix]?.pop = name }
    }
}

extension [String: JSONValue] {
    fileprivate func text(_ key: String) -> String? {
        if case .text(let text)? = self[key] { text } else { nil }
    }
}

extension AddressBook.TunnelEntry {
    fileprivate init?(_ members: [String: JSONValue]) {
        guard let pop = members.text("pop"), let type = members.text("type"),
            let tid = members.text("tid").flatMap({ try? TID(parsing: $0) })
        else { return nil }
        self.init(
            pop: pop,
            tid: tid,
            type: type,
            endpoint: members.text("endpoint").flatMap { try? IPAddress(parsing: $0) },
            owner: members.text("owner").flatMap { try? UserHandle(parsing: $0) }
        )
    }
}

extension AddressBook.PrefixEntry {
    fileprivate init?(_ members: [String: JSONValue]) {
        guard let pop = members.text("pop"),
            let kind = members.text("kind").flatMap(PrefixKind.init(rawValue:))
        else {
            return nil
        }
        self.init(pop: pop, kind: kind)
    }
}

extension AddressBook.UserEntry {
    fileprivate init?(_ members: [String: JSONValue]) {
        self.init(
            name: members.text("name") ?? "",
            mail: members.text("mail") ?? "",
            created: members.text("created") ?? ""
        )
    }
}

extension AddressBook.PoPEntry {
    fileprivate init?(_ members: [String: JSONValue]) {
        guard let ipv4 = members.text("ipv4").flatMap({ try? IPv4Address(parsing: $0) }),
            let ipv6 = members.text("ipv6").flatMap({ try? IPv6Address(parsing: $0) })
        else { return nil }
        self.init(ipv4: ipv4, ipv6: ipv6)
    }
}

// MARK: - Questions

extension AddressBook {
    /// Something of the fleet that an address or a prefix is, or is a part of.
    enum Place: Hashable, Sendable {
        /// In the /64 of a tunnel, or in the one that is routed through it by default.
        case tunnel(TunnelNumber, IPv6Prefix)

        /// In a delegated prefix.
        case subnet(TunnelNumber, IPv6Prefix)

        /// Where a static tunnel ends.
        case endpoint(TunnelNumber, IPAddress)

        /// A PoP's own address.
        case pop(String, IPAddress)

        /// In a prefix that is routed to a PoP.
        case prefix(String, IPv6Prefix, PrefixKind)
    }

    /// What an address is: everything, the narrowest first.
    func places(of query: AddressQuery) -> [Place] {
        switch query {
        case .address(let address): self.ends(at: address) + self.inner(IPv6Prefix(address))
        case .prefix(let prefix): self.inner(prefix)
        }
    }

    private func ends(at address: IPAddress) -> [Place] {
        let own = self.pops.filter {
            IPAddress.ipv4($0.value.ipv4) == address || .ipv6($0.value.ipv6) == address
        }
        let ends = self.tunnels.filter { $0.value.endpoint == address }
        return own.keys.sorted().map { .pop($0, address) }
            + ends.keys.sorted().map { .endpoint($0, address) }
    }

    private func inner(_ wanted: IPv6Prefix?) -> [Place] {
        guard let wanted else { return [] }
        let routed = self.prefixes.filter { $0.key.overlaps(wanted) }.sorted { $0.key < $1.key }
        let tunnelPrefixes = Dictionary(
            routed.filter { $0.value.kind == .tunnel }.map { ($0.value.pop, $0.key) },
            uniquingKeysWith: { first, _ in first }
        )
        let tunnels = self.tunnels.flatMap { number, tunnel -> [(IPv6Prefix, Place)] in
            guard let prefix = tunnelPrefixes[tunnel.pop] else { return [] }
            let inner = InnerAddresses(tunnelPrefix: prefix, tid: tunnel.tid)
            return [inner.block, inner.routedBlock].filter { $0.overlaps(wanted) }.map {
                ($0, .tunnel(number, $0))
            }
        }
        let subnets = self.subnets.compactMap { subnet, number -> (IPv6Prefix, Place)? in
            subnet.overlaps(wanted) ? (subnet, .subnet(number, subnet)) : nil
        }
        let owned = (tunnels + subnets).sorted { $0.0 < $1.0 }.map(\.1)
        return owned + routed.map { .prefix($0.value.pop, $0.key, $0.value.kind) }
    }
}

extension InnerAddresses {
    /// The tunnel's /64.
    var block: IPv6Prefix { IPv6Prefix(containing: self.user, length: 64) }

    /// The /64 that is routed through the tunnel whatever is delegated: for a LAN.
    var routedBlock: IPv6Prefix {
        IPv6Prefix(containing: IPv6Address(high: self.user.high | 0x8000, low: 0), length: 64)
    }
}

extension IPv6Prefix {
    /// The /128 of an IPv6 address; nil for one of IPv4.
    fileprivate init?(_ address: IPAddress) {
        guard case .ipv6(let address) = address else { return nil }
        self.init(containing: address, length: 128)
    }
}
