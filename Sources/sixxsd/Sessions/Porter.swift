import LinuxIO
import Synchronization
import Wire

/// Judges who may speak on the control port.
///
/// Users of this host are known by what the kernel says of their sockets, others by their addresses.
final class Porter: Sendable {
    /// The other end of a connection.
    enum Peer: Sendable {
        case unixSocket(PeerCredentials)
        case tcp(remote: Endpoint, local: Endpoint)

        /// For whom places are counted while it is not known who it is.
        var name: Guest.Name {
            switch self {
            case .unixSocket(let credentials): .user(credentials.user)
            case .tcp(let remote, _): Guest.Name(remote.address)
            }
        }
    }

    /// Who somebody is, before it is known what they may.
    struct Acquaintance: Sendable {
        let name: Guest.Name
        let caller: CommandHandler.Caller
        /// All groups, where the kernel said so.
        let groups: Set<UInt32>?
    }

    /// Why somebody may not speak.
    struct Refusal: Error, Hashable {
        let text: String
        /// Whether the other side is told why; scripts know the bare line of those whom `cliacl` doesn't let in.
        var isTold = true

        var reply: ControlReply {
            ControlReply(403, self.isTold ? "not allowed: \(self.text)" : "not allowed")
        }
    }

    /// How the kernel is asked.
    struct Kernel: Sendable {
        /// Who holds one end of a connection of this host.
        var holder: @Sendable (_ end: Endpoint, _ other: Endpoint) throws -> SocketHolder
        /// Whether an address is one of this host's.
        var isOwn: @Sendable (IPAddress) -> Bool
    }

    private let users: ControlUsers
    private let lookup: GroupLookup
    private let kernel: Kernel

    init(_ users: ControlUsers, _ lookup: GroupLookup = GroupLookup(), _ kernel: Kernel) {
        self.users = users
        self.lookup = lookup
        self.kernel = kernel
    }

    // MARK: - Who it is

    /// Finds out who is there, without waiting.
    ///
    /// - Parameters:
    ///   - peer: The other end.
    ///   - list: Which addresses may speak over TCP; when empty, this host's own.
    /// - Returns: Who it is.
    /// - Throws: ``Refusal`` when nobody like that may speak.
    func recognize(_ peer: Peer, _ list: [AddressBlock]) throws(Refusal) -> Acquaintance {
        switch peer {
        case .unixSocket(let credentials):
            return Acquaintance(
                name: .user(credentials.user),
                caller: .unixSocket,
                groups: credentials.groups
            )
        case .tcp(let remote, let local):
            try Self.require(list, toContain: remote.address)
            return try self.recognize(remote, local)
        }
    }

    private static func require(
        _ list: [AddressBlock],
        toContain address: IPAddress
    ) throws(Refusal) {
        let isListed = list.isEmpty ? address.isLoopback : list.contains { $0.contains(address) }
        guard isListed else {
            throw Refusal(text: "cliacl does not let \(address.unmapped) in (pop cliacl add)", isTold: false)
        }
    }

    /// Tells a user of this host from somebody elsewhere.
    private func recognize(_ remote: Endpoint, _ local: Endpoint) throws(Refusal) -> Acquaintance {
        let caller = remote.address.isLoopback ? CommandHandler.Caller.loopback : .network
        let holder: SocketHolder
        do { holder = try self.kernel.holder(remote, local) } catch {
            throw Refusal(text: "the kernel does not say whose the connection is (\(error))")
        }
        switch holder {
        case .user(let user): return Acquaintance(name: .user(user), caller: caller, groups: nil)
        case .nobody: throw Self.vanished
        case .notHere:
            // Who is on this host, and can't be told from others any more, is not somebody elsewhere.
            let isHere =
                remote.address.isLoopback || remote.address.unmapped == local.address.unmapped
                || self.kernel.isOwn(remote.address.unmapped)
            guard !isHere else { throw Self.vanished }
            return Acquaintance(name: Guest.Name(remote.address), caller: .network, groups: nil)
        }
    }

    private static let vanished = Refusal(
        text: "no process of this host has the other end (it was closed already, or is in another network "
            + "namespace)"
    )

    // MARK: - What they may

    /// Knows root and the daemon's own user, without waiting; nil for everybody else.
    func owner(_ acquaintance: Acquaintance) -> Guest? {
        guard case .user(let user) = acquaintance.name, self.users.isOwner(user) else { return nil }
        return Guest(owner: user)
    }

    /// Says for whom places are counted.
    ///
    /// Waits for the host's database of users, where the groups must be known.
    ///
    /// - Throws: ``Refusal`` when this user may not speak.
    func judge(_ acquaintance: Acquaintance) async throws(Refusal) -> Guest {
        guard case .user(let user) = acquaintance.name else {
            return Guest(name: acquaintance.name, isKept: false)
        }
        if let owner = self.owner(acquaintance) { return owner }
        // A process may be in groups that the database doesn't give its user, and the other way round.
        if let groups = acquaintance.groups, self.users.standing(of: user, in: groups) == .kept {
            return Guest(name: acquaintance.name, isKept: true)
        }
        let entry = await self.lookup.entry(of: user)
        let groups = (entry?.groups ?? []).union(acquaintance.groups ?? [])
        switch self.users.standing(of: user, in: groups) {
        case .kept: return Guest(name: acquaintance.name, isKept: true)
        case .ordinary: return Guest(name: acquaintance.name, isKept: false)
        case .refused:
            guard let entry else {
                throw Refusal(text: "the host does not say which groups user \(user) is in: try again later")
            }
            throw self.refusal(of: user, called: entry.name)
        }
    }

    private func refusal(of user: UInt32, called name: String?) -> Refusal {
        let who = name.map { "user \($0) (\(user))" } ?? "user \(user)"
        return Refusal(
            text: "\(who) may not use the control port; root may, user \(self.users.own) and "
                + "\(self.users.names): \(self.users.mend(for: name ?? "\(user)"))"
        )
    }
}
