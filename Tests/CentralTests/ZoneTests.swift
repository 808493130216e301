import Foundation
import GRDB
import Testing
import Wire

@testable import Central

@Suite("Zones") struct ZoneTests {
    private static func authority(forward: String = "tunnels.example.net") throws -> ZoneAuthority {
        try ZoneAuthority(
            forward: DomainName(parsing: forward),
            nameServers: [DomainName(parsing: "ns1.example.net"), DomainName(parsing: "ns2.example.org.")],
            contact: MailContact(parsing: "host.master@example.net"),
            ttl: 3600
        )
    }

    /// The fixture's T1 (ayiya, with a /48 of a /40), with name servers of its user's, and T2 (static).
    private static func store() async throws -> TestStore {
        let servers = try ["ns.jdoe.example", "ns2.jdoe.example"].map { try DomainName(parsing: $0) }
        return try await TestStore(
            Fixture.registry() + [
                .amendTunnel(Fixture.number(1), TunnelAmendment(nameServers: servers)),
                .addSubnet(Fixture.prefix("2001:db8:201:3b00::/56"), Fixture.number(1)),
                .addSubnet(Fixture.prefix("2001:db8:1007::/48"), Fixture.number(1)),
            ]
        )
    }

    private static func time(_ seconds: Double) -> Date { Date(timeIntervalSince1970: seconds) }

    @Test func haveBothSidesOfTunnelsAndDelegations() async throws {
        let test = try await Self.store()
        let folder = try TemporaryFolder()

        let answer = try await WriteZones(into: folder.path, Self.authority(), program: nil).run(
            in: Centre(test),
            at: Self.time(1_800_000_000)
        )

        #expect(answer.changed.first == "tunnels.example.net" && answer.changed.count == answer.zones)
        #expect(answer.zones == 5 && answer.leftOver == [])
        #expect(
            try folder.read("tunnels.example.net.zone") == """
                ; Written by sixxs-central zones: what is changed by hand is lost.
                $ORIGIN tunnels.example.net.
                $TTL 3600
                @ SOA ns1.example.net. host\\.master.example.net. (
                \t1800000000 ; serial
                \t3600 ; refresh
                \t900 ; retry
                \t1209600 ; expire
                \t3600 ; negative
                )
                @ NS ns1.example.net.
                @ NS ns2.example.org.
                t1 AAAA 2001:db8:101::2
                gw-t1 AAAA 2001:db8:101::1
                t2 AAAA 2001:db8:101:1::2
                gw-t2 AAAA 2001:db8:101:1::1

                """
        )
        let zeros = String(repeating: "0.", count: 15)
        let tunnels = try folder.read("1.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa.zone")
        #expect(
            tunnels.hasSuffix(
                """
                @ NS ns2.example.org.
                1.\(zeros)0.0.0.0 PTR gw-t1.tunnels.example.net.
                2.\(zeros)0.0.0.0 PTR t1.tunnels.example.net.
                0.0.0.8 NS ns.jdoe.example.
                0.0.0.8 NS ns2.jdoe.example.
                1.\(zeros)1.0.0.0 PTR gw-t2.tunnels.example.net.
                2.\(zeros)1.0.0.0 PTR t2.tunnels.example.net.

                """
            )
        )
        let wide = try folder.read("0.1.8.b.d.0.1.0.0.2.ip6.arpa.zone")
        #expect(
            wide.hasSuffix(
                "@ NS ns2.example.org.\n7.0 NS ns.jdoe.example.\n7.0 NS ns2.jdoe.example.\n"
            )
        )
        let narrow = try folder.read("1.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa.zone")
        #expect(narrow.contains("\nb.3 NS ns.jdoe.example.\n"))
    }

    @Test func growTheirSerialOnlyWhenTheyChange() async throws {
        let test = try await Self.store()
        let folder = try TemporaryFolder()
        let write = try WriteZones(into: folder.path, Self.authority(), program: nil)
        func serial() throws -> String? {
            try folder.read("tunnels.example.net.zone").split(separator: "\n").first {
                $0.hasSuffix(" ; serial")
            }.map { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) } ?? nil
        }

        _ = try await write.run(in: Centre(test), at: Self.time(1_800_000_000))
        let second = try await write.run(in: Centre(test), at: Self.time(1_800_000_600))
        #expect(second.changed == [] && second.zones == 5)
        #expect(try serial() == "1800000000")

        try await test.store.registry.apply(
            [.amendTunnel(Fixture.number(2), TunnelAmendment(publishesEndpoint: true))],
            by: "t"
        )
        let third = try await write.run(in: Centre(test), at: Self.time(1_800_000_600))
        #expect(third.changed == ["tunnels.example.net"])
        #expect(try folder.read("tunnels.example.net.zone").contains("\nt2 60 A 198.51.100.7\n"))
        #expect(try serial() == "1800000600")

        // A clock that was set back, and one that stands still.
        try await test.store.registry.apply(
            [.amendTunnel(Fixture.number(2), TunnelAmendment(publishesEndpoint: false))],
            by: "t"
        )
        _ = try await write.run(in: Centre(test), at: Self.time(1_700_000_000))
        #expect(try serial() == "1800000601")
    }

    static let serials: [(last: UInt32, now: UInt32, next: UInt32)] = [
        (1, 1_800_000_000, 1_800_000_000), (5, 5, 6), (9, 5, 10), (.max, .max, 1), (.max - 1, 7, 7),
        (1, 1 << 31, 1 << 31), (0, 1 << 31, 1),
    ]

    @Test(arguments: serials)
    func growTheirSerialAsSerialsAreCompared(_ last: UInt32, _ now: UInt32, _ next: UInt32) {
        #expect(Zone.serial(after: last, at: now) == next)
    }

    @Test func tellWhereATunnelEndsOnlyIfThatIsWanted() async throws {
        let test = try await Self.store()
        try await test.store.sampleFile.write { database in
            try EndpointWriter(database, Self.time(1)).write("203.0.113.5", of: 1)
            try EndpointWriter(database, Self.time(2)).write("203.0.113.9", of: 1)
        }
        let folder = try TemporaryFolder()
        let write = try WriteZones(into: folder.path, Self.authority(), program: nil)

        _ = try await write.run(in: Centre(test))
        #expect(try !folder.read("tunnels.example.net.zone").contains(" A "))

        let publish = TunnelAmendment(publishesEndpoint: true)
        try await test.store.registry.apply([.amendTunnel(Fixture.number(1), publish)], by: "t")
        _ = try await write.run(in: Centre(test))
        #expect(try folder.read("tunnels.example.net.zone").contains("\nt1 60 A 203.0.113.9\n"))

        // An endpoint over IPv6 would be taken for the address inside.
        try await test.store.sampleFile.write { database in
            try EndpointWriter(database, Self.time(3)).write("2001:db8:ffff::9", of: 1)
        }
        _ = try await write.run(in: Centre(test))
        #expect(try !folder.read("tunnels.example.net.zone").contains("t1 60 "))
    }

    @Test func leaveFilesOfOthersAlone() async throws {
        let test = try await Self.store()
        let folder = try TemporaryFolder()
        try folder.write("$ORIGIN tunnels.example.net.\n", to: "tunnels.example.net.zone")

        let write = try WriteZones(into: folder.path, Self.authority(), program: nil)
        let error = await #expect(throws: RegistryError.self) { try await write.run(in: Centre(test)) }

        #expect("\(error!)".contains("tunnels.example.net.zone: it was not written by sixxs-central zones"))
        #expect(try folder.read("tunnels.example.net.zone") == "$ORIGIN tunnels.example.net.\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 1)
    }

    /// What stands where a zone's file belongs, and must neither be waited for nor written through.
    @Test(arguments: ["pipe", "link", "dangling", "folder", "socket"])
    func areNoFilesOfAnotherKind(_ kind: String) async throws {
        let test = try await Self.store()
        let folder = try TemporaryFolder()
        let path = folder.path("tunnels.example.net.zone")
        try folder.write("precious\n", to: "other")
        switch kind {
        case "pipe": #expect(mkfifo(path, 0o600) == 0)
        case "link": #expect(symlink(folder.path("other"), path) == 0)
        case "dangling": #expect(symlink(folder.path("nothing"), path) == 0)
        case "folder": #expect(mkdir(path, 0o700) == 0)
        default: #expect(mknod(path, S_IFSOCK | 0o600, 0) == 0)
        }

        let write = try WriteZones(into: folder.path, Self.authority(), program: nil)
        let error = await #expect(throws: RegistryError.self) { try await write.run(in: Centre(test)) }

        #expect("\(error!)" == "\(path) is no regular file: move it out of the way")
        #expect(try folder.read("other") == "precious\n")
        #expect(access(folder.path("nothing"), F_OK) != 0)
    }

    @Test func nameFilesOfPrefixesThatAreGone() async throws {
        let test = try await Self.store()
        let folder = try TemporaryFolder()
        let write = try WriteZones(into: folder.path, Self.authority(), program: nil)
        _ = try await write.run(in: Centre(test))

        try await test.store.registry.apply([.removePrefix(Fixture.prefix("2001:db8:102::/48"))], by: "t")

        // Nor is a zone of somebody else's.
        try folder.write("$ORIGIN 8.b.d.0.1.0.0.2.ip6.arpa.\n", to: "8.b.d.0.1.0.0.2.ip6.arpa.zone")
        #expect(try await write.run(in: Centre(test)).leftOver == ["2.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa.zone"])
    }

    @Test func areToldToAProgramUntilItTakesThem() async throws {
        let test = try await Self.store()
        let (folder, scripts) = (try TemporaryFolder(), try TemporaryFolder())
        func script(_ text: String) throws -> HookProgram {
            try scripts.write("#!/bin/sh\n\(text)\n", to: "program")
            chmod(scripts.path("program"), 0o700)
            return try HookProgram(scripts.path("program"), task: "to tell of changed zones")
        }
        func run(_ program: HookProgram) async throws -> WriteZones.Answer {
            try await WriteZones(into: folder.path, Self.authority(), program: program).run(in: Centre(test))
        }

        let failing = try script("echo no such server >&2; exit 3")
        let error = await #expect(throws: RegistryError.self) { try await run(failing) }
        #expect("\(error!)".contains("it ended with status 3: no such server; the next run tells it again"))

        let working = try script("cat >> \(scripts.path("told"))")
        #expect(try await run(working).changed == [])
        #expect(try scripts.read("told").split(separator: "\n").count == 5)
        // Nothing new: not told again.
        _ = try await run(working)
        #expect(try scripts.read("told").split(separator: "\n").count == 5)
    }

    static let names: [(text: String, name: String?)] = [
        ("ns1.example.net", "ns1.example.net"), ("NS1.Example.NET.", "ns1.example.net"), ("a.b", "a.b"),
        ("localhost", nil), ("", nil), (".", nil), ("a..b", nil), ("-a.b", nil), ("a-.b", nil),
        ("a_b.c", nil),
        ("192.0.2.1", nil), ("a b.c", nil), ("é.example", nil), ("a.b\n", nil),
        (String(repeating: "a", count: 63) + ".b", String(repeating: "a", count: 63) + ".b"),
        (String(repeating: "a", count: 64) + ".b", nil),
        (String(repeating: "a.", count: 126) + "a", String(repeating: "a.", count: 126) + "a"),
        (String(repeating: "a.", count: 127) + "a", nil), ("x.8.b.d.0.ip6.arpa", nil),
    ]

    @Test(arguments: names) func takeNamesOfServers(_ text: String, _ name: String?) {
        #expect((try? DomainName.nameServer(text))?.description == name)
    }

    @Test(arguments: [
        "", "a@", "@b.c", "a@b", "a@b@c.d", "a b@c.d", "\"a\"@b.c", "é@b.c", ".@b.c", "a..b@c.d", ".a@b.c",
        "a.@b.c",
    ])
    func refuseContacts(_ text: String) {
        #expect(throws: (any Error).self) { try MailContact(parsing: text) }
    }

    @Test func refuseNameServersThatNobodyCouldFind() throws {
        #expect(throws: RegistryError.self) { try Self.authority(forward: "example.net") }
        let reverse = #expect(throws: RegistryError.self) {
            try Self.authority(forward: "8.b.d.0.1.0.0.2.ip6.arpa")
        }
        #expect("\(reverse!)".hasPrefix("--zone 8.b.d.0.1.0.0.2.ip6.arpa has the names of addresses"))
        #expect(throws: RegistryError.self) {
            try ZoneAuthority(
                forward: DomainName(parsing: "a.example"),
                nameServers: [],
                contact: MailContact(parsing: "a@b.c"),
                ttl: 60
            )
        }
    }

    @Test func areInTheAuditAndInTheFleetOfAnImport() async throws {
        let test = try await Self.store()
        let window = HistoryWindow(last: 10)
        let entries = try await test.store.fleet.history.audit(of: ["tunnel T1"], window)
        #expect(entries.last?.after?.contains("\"nameServers\":[\"ns.jdoe.example\"") == true)

        // The same file again is no change; another server is.
        let snapshot = try await test.store.registry.snapshot(of: .fleet)
        let csv = TransferDocument(snapshot, only: nil, secrets: .written).csv
        #expect(csv.contains("ns.jdoe.example ns2.jdoe.example"))
        let numbered = try await test.store.registry.numberedSnapshot()
        let other = csv.replacing("ns2.jdoe.example", with: "ns3.jdoe.example")
        let error = #expect(throws: TransferError.self) {
            try ImportPlan(
                TransferFleet(csv: Array(other.utf8), file: "x.csv"),
                into: numbered,
                passwords: .refuse
            )
        }
        #expect("\(error!)".contains("T1 with name servers ns.jdoe.example ns2.jdoe.example, as the"))
    }
}
