import LinuxIO

/// Which users of this host may use the control port: root and the daemon's own user always, and whom `--control-users` names.
struct ControlUsers: Sendable {
    /// One word of the list, or what stands for it.
    enum Member: Hashable, Sendable {
        case user(UInt32)
        case group(UInt32)
        case everybody
    }

    /// The user that the daemon acts for.
    let own: UInt32

    /// The group of the UNIX socket.
    let group: UInt32

    /// Who may besides; a list of one's own stands in the place of the group.
    let members: Set<Member>

    /// What the members are called, `@` before groups.
    private let words: [String]

    /// Creates the default: the socket's group.
    init(own: UInt32, group: UInt32) {
        let name = AccountDatabase.name(ofGroup: group) ?? "\(group)"
        self.init(own: own, group: group, members: [.group(group)], words: ["@\(name)"])
    }

    /// Creates a list.
    init(own: UInt32, group: UInt32, members: Set<Member>, words: [String]) {
        self.own = own
        self.group = group
        self.members = members
        self.words = words
    }

    /// Reads a list such as `@operators,nagios,1001`; `all` is everybody.
    ///
    /// Waits for the host's database of users.
    ///
    /// - Throws: ``Unknown`` with the first name that the host doesn't know.
    init(own: UInt32, group: UInt32, parsing list: String) throws(Unknown) {
        let words = list.split { $0 == "," || $0 == " " }.map(String.init)
        var members: Set<Member> = []
        for word in words { members.insert(try Self.member(word)) }
        self.init(own: own, group: group, members: members, words: words)
    }

    private static func member(_ word: String) throws(Unknown) -> Member {
        if word == "all" { return .everybody }
        if word.first == "@" { return .group(try Self.group(named: String(word.dropFirst()))) }
        if let account = AccountDatabase.account(named: word) { return .user(account.user) }
        guard let number = Self.number(word) else { throw Unknown(kind: "user", name: word) }
        return .user(number)
    }

    /// The number of a group, by name or as a number.
    ///
    /// - Throws: ``Unknown``.
    static func group(named name: String) throws(Unknown) -> UInt32 {
        guard let number = AccountDatabase.group(named: name) ?? Self.number(name) else {
            throw Unknown(kind: "group", name: name)
        }
        return number
    }

    private static func number(_ word: String) -> UInt32? {
        guard word.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt32(word) else {
            return nil
        }
        // The last one stands for "no user" in system calls.
        return number == .max ? nil : number
    }

    // MARK: - In words

    /// The members, for those who are refused.
    var names: String {
        let names = self.words.map { $0.first == "@" ? "the members of group \($0.dropFirst())" : $0 }
        return names.isEmpty ? "nobody else" : names.joined(separator: ", ")
    }

    /// How an account is let in.
    func mend(for account: String) -> String {
        guard let group = self.words.first(where: { $0.first == "@" })?.dropFirst() else {
            return "name the account in --control-users of sixxsd"
        }
        return "usermod -a -G \(group) \(account), or --control-users of sixxsd"
    }

    /// A name that the host doesn't know.
    struct Unknown: Error, Hashable, CustomStringConvertible {
        let kind: String
        let name: String

        var description: String { "there is no \(self.kind) \"\(self.name)\" on this host" }
    }

    // MARK: - Who may

    /// What a user may.
    enum Standing: Hashable, Sendable {
        /// May not speak.
        case refused
        /// May speak while there is room.
        case ordinary
        /// May speak, and places are kept for such.
        case kept
    }

    /// Whether a user is root or the daemon's own: whatever the list says, they may.
    func isOwner(_ user: UInt32) -> Bool { user == 0 || user == self.own }

    /// Judges a user.
    func standing(of user: UInt32, in groups: Set<UInt32>) -> Standing {
        if self.isOwner(user) { return .kept }
        let isMember = self.members.contains { member in
            switch member {
            case .user(let number): number == user
            case .group(let number): groups.contains(number)
            case .everybody: true
            }
        }
        guard isMember else { return .refused }
        return groups.contains(self.group) ? .kept : .ordinary
    }
}
