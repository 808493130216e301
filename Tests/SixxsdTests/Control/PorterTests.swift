import Foundation
import LinuxIO
import Synchronization
import Testing
import Wire

@testable import sixxsd

@Suite("The control port lets in") struct PorterTests {
    private static let own: UInt32 = 900
    private static let group: UInt32 = 901
    private static let (member, monitor, stranger): (UInt32, UInt32, UInt32) = (1000, 1001, 1002)

    /// What a host's database says in these tests.
    private static let database: [UInt32: GroupLookup.Entry] = [
        member: .init(name: "centre", groups: [1000, group]),
        monitor: .init(name: "nagios", groups: [1001]),
        stranger: .init(name: "www", groups: [1002, 33]),
    ]

    private static func porter(
        members: Set<ControlUsers.Member>? = nil,
        holder: SocketHolder = .notHere,
        isOwn: Bool = false
    ) -> Porter {
        let users =
            members.map { ControlUsers(own: own, group: group, members: $0, words: ["some"]) }
            ?? ControlUsers(own: own, group: group)
        let lookup = GroupLookup { Self.database[$0] ?? .init() }
        return Porter(users, lookup, .init(holder: { _, _ in holder }, isOwn: { _ in isOwn }))
    }

    private static func endpoint(_ text: String) throws -> Endpoint {
        Endpoint(try IPAddress(parsing: text), port: 42003)
    }

    private static func peer(_ remote: String, _ local: String = "127.0.0.1") throws -> Porter.Peer {
        .tcp(remote: try Self.endpoint(remote), local: try Self.endpoint(local))
    }

    // MARK: - Whom the kernel shows

    struct Meeting: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let remote: String
        let holder: SocketHolder
        let list: [String]
        let isOwn: Bool
        let name: Guest.Name?

        init(
            _ name: String,
            _ remote: String,
            _ holder: SocketHolder,
            _ list: [String] = [],
            isOwn: Bool = false,
            is guest: Guest.Name?
        ) {
            self.testDescription = name
            self.remote = remote
            self.holder = holder
            self.list = list
            self.isOwn = isOwn
            self.name = guest
        }
    }

    private static let elsewhere = Guest.Name(.ipv4(IPv4Address(192, 0, 2, 9)))

    // swift-format-ignore
    static let meetings = [
        Meeting("a user of the host",            "127.0.0.1",        .user(1000), is: .user(1000)),
        Meeting("one over IPv6",                 "::1",              .user(1000), is: .user(1000)),
        Meeting("one over mapped IPv4",          "::ffff:127.0.0.1", .user(1000), is: .user(1000)),
        Meeting("a loopback address of nobody",  "127.0.0.1",        .nobody,     is: nil),
        Meeting("one that is not here",          "127.0.0.1",        .notHere,    is: nil),
        Meeting("somebody elsewhere, unlisted",  "192.0.2.9",        .notHere,    is: nil),
        Meeting("somebody elsewhere, listed",    "192.0.2.9",        .notHere,    ["192.0.2.0/24"], is: elsewhere),
        Meeting("mapped",                        "::ffff:192.0.2.9", .notHere,    ["192.0.2.0/24"], is: elsewhere),
        Meeting("a user by another address",     "192.0.2.42",       .user(1000), ["192.0.2.0/24"], is: .user(1000)),
        Meeting("who closed that one",           "192.0.2.42",       .nobody,     ["192.0.2.0/24"], is: nil),
        Meeting("who reset that one",            "192.0.2.42",       .notHere,    ["192.0.2.0/24"], isOwn: true, is: nil),
        Meeting("loopback, not listed",          "127.0.0.1",        .user(0),    ["192.0.2.0/24"], is: nil),
        Meeting("loopback, listed",              "127.0.0.1",        .user(0),    ["127.0.0.1"], is: .user(0)),
    ]

    @Test(arguments: Self.meetings)
    func whomItKnows(_ row: Meeting) throws {
        let porter = Self.porter(holder: row.holder, isOwn: row.isOwn)
        let list = try row.list.map { try AddressBlock(parsing: $0) }
        let peer = try Self.peer(row.remote)

        let known = try? porter.recognize(peer, list)

        #expect(known?.name == row.name)
    }

    /// The same address at both ends is this host's, whatever devices say.
    @Test func nobodyFromItsOwnAddress() throws {
        let list = [try AddressBlock(parsing: "192.0.2.0/24")]
        let peer = try Self.peer("192.0.2.42", "192.0.2.42")
        #expect(throws: Porter.Refusal.self) { try Self.porter().recognize(peer, list) }
    }

    @Test func networksByTheirSize() throws {
        let texts = ["2001:db8::1", "2001:db8::2:1", "2001:db8:0:1::1"]
        let names = try texts.map { Guest.Name(try IPAddress(parsing: $0)) }
        #expect(names[0] == names[1] && names[0] != names[2])
        #expect(Guest.Name(.ipv4(IPv4Address(192, 0, 2, 1))) != Guest.Name(.ipv4(IPv4Address(192, 0, 2, 2))))
    }

    // MARK: - What they may

    struct Judgement: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let user: UInt32
        let members: Set<ControlUsers.Member>?
        let groups: Set<UInt32>?
        let isKept: Bool?

        init(
            _ name: String,
            _ user: UInt32,
            _ members: Set<ControlUsers.Member>? = nil,
            groups: Set<UInt32>? = nil,
            isKept: Bool?
        ) {
            self.testDescription = name
            self.user = user
            self.members = members
            self.groups = groups
            self.isKept = isKept
        }
    }

    // swift-format-ignore
    static let judgements = [
        Judgement("root",                             0,        isKept: true),
        Judgement("the daemon's user",                own,      isKept: true),
        Judgement("a member of the group",            member,   isKept: true),
        Judgement("another user",                     stranger, isKept: nil),
        Judgement("a user nobody knows",              7777,     isKept: nil),
        Judgement("a process in the group",           stranger, groups: [group], isKept: true),
        Judgement("a process in another group",       stranger, groups: [33], isKept: nil),
        Judgement("one who is named",                 monitor,  [.user(monitor)], isKept: false),
        Judgement("one beside who is named",          stranger, [.user(monitor)], isKept: nil),
        Judgement("the group is not in the list",     member,   [.user(monitor)], isKept: nil),
        Judgement("the group and another",            member,   [.user(monitor), .group(group)], isKept: true),
        Judgement("a group that is named",            stranger, [.group(33)], isKept: false),
        Judgement("root, whatever the list",          0,        [], isKept: true),
        Judgement("everybody",                        7777,     [.everybody], isKept: false),
        Judgement("a member among everybody",         member,   [.everybody], isKept: true),
    ]

    @Test(arguments: Self.judgements)
    func whoMay(_ row: Judgement) async {
        let known = Porter.Acquaintance(name: .user(row.user), caller: .loopback, groups: row.groups)
        let guest = try? await Self.porter(members: row.members).judge(known)
        #expect(guest?.isKept == row.isKept)
    }

    @Test func whoeverIsToldHow() async {
        let known = Porter.Acquaintance(name: .user(Self.stranger), caller: .loopback, groups: nil)
        let refusal = await #expect(throws: Porter.Refusal.self) { try await Self.porter().judge(known) }
        let text = "\(refusal.map { "\($0.reply.code) \($0.reply.text)" } ?? "")"
        let start = "403 not allowed: user www (1002) may not use the control port; root may, user 900 and "
        #expect(text.hasPrefix(start))
        #expect(text.hasSuffix("group 901: usermod -a -G 901 www, or --control-users of sixxsd"))
    }

    // MARK: - A database that hangs

    @Test func othersWhileOneIsLookedUp() async throws {
        let gate = ForwardingEntry()
        let lookup = GroupLookup(patience: .milliseconds(50)) { user in
            if user == Self.stranger { gate.wait() }
            return Self.database[user] ?? .init()
        }
        defer { gate.open() }

        let hung = await lookup.entry(of: Self.stranger)
        let other = await lookup.entry(of: Self.member)

        #expect(hung == nil)
        #expect(other?.name == "centre")
    }

    @Test func eachUserIsLookedUpOnce() async {
        let asked = Mutex(0)
        let lookup = GroupLookup { user in
            asked.withLock { $0 += 1 }
            return Self.database[user] ?? .init()
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask { #expect(await lookup.entry(of: Self.member)?.name == "centre") }
            }
        }
        #expect(asked.withLock { $0 } == 1)
    }

    @Test func whoWasPutIntoTheGroupSince() async {
        let groups = Mutex(Set<UInt32>())
        let lookup = GroupLookup(lifetime: .zero) { _ in .init(name: "x", groups: groups.withLock { $0 }) }
        #expect(await lookup.entry(of: 5)?.groups == [])
        groups.withLock { $0 = [Self.group] }
        #expect(await lookup.entry(of: 5)?.groups == [Self.group])
    }

    @Test func listsByNameAndNumber() throws {
        let users = try ControlUsers(own: 1, group: 2, parsing: "root, @root,4711,@4712")
        #expect(users.members == [.user(0), .group(0), .user(4711), .group(4712)])
        #expect(try ControlUsers(own: 1, group: 2, parsing: "all").members == [.everybody])
        #expect(try ControlUsers(own: 1, group: 2, parsing: "").members == [])
        for wrong in ["sx-nobody-here", "@sx-nobody-here", "-1", "+1", "4294967295", "99999999999"] {
            #expect(throws: ControlUsers.Unknown.self) { try ControlUsers(own: 1, group: 2, parsing: wrong) }
        }
    }

    @Test func byAnAddressOfItsOwn() throws {
        #expect(try ControlDoor(parsing: "none") == .none)
        #expect(throws: SyntaxError.self) { try ControlDoor(parsing: "nowhere") }
        let loopbacks = [
            "127.0.0.1:1": "127.0.0.1", "0.0.0.0:1": "127.0.0.1", "[::1]:1": "::1", "[::]:1": "127.0.0.1",
        ]
        for (door, address) in loopbacks {
            #expect(try ControlDoor(parsing: door).loopback == IPAddress(parsing: address), "\(door)")
        }
        #expect(try ControlDoor(parsing: "192.0.2.1:1").loopback == nil)
        #expect(ControlDoor.none.loopback == nil)
    }
}

/// Holds threads up until it is opened.
private final class ForwardingEntry: Sendable {
    private let isOpen = Atomic(false)

    func open() { self.isOpen.store(true, ordering: .relaxed) }

    func wait() {
        while !self.isOpen.load(ordering: .relaxed) { Thread.sleep(forTimeInterval: 0.001) }
    }
}
