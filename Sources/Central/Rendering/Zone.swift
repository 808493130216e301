internal import Wire

/// A zone of the DNS as a master file (RFC 1035, section 5), all but its serial.
struct Zone {
    /// Without the dot at its end; the name of its file but for `.zone`.
    let name: String

    /// What stands before the serial, and behind it.
    private let head: [UInt8]
    private let tail: [UInt8]

    /// How a file of ours begins.
    private static let mark = Array(
        "; Written by sixxs-central zones: what is changed by hand is lost.\n".utf8
    )

    /// Whether a file is ours, by what it holds.
    static func isOurs(_ octets: [UInt8]) -> Bool { octets.starts(with: Self.mark) }

    private static let serialMark = Array(" ; serial\n".utf8)

    /// Takes the records of a zone, each a line, in the order in which they are written.
    init(_ name: String, _ authority: ZoneAuthority, records: [UInt8]) {
        self.name = name
        let primary = authority.nameServers.first?.description ?? ""
        let start = """
            $ORIGIN \(name).
            $TTL \(authority.ttl)
            @ SOA \(primary). \(authority.contact.name). (
            \t
            """
        self.head = Self.mark + start.utf8
        let timers = """
            \t3600 ; refresh
            \t900 ; retry
            \t1209600 ; expire
            \t\(min(authority.ttl, 3600)) ; negative
            )

            """
        let servers = authority.nameServers.map { "@ NS \($0).\n" }.joined()
        self.tail = Self.serialMark + timers.utf8 + servers.utf8 + records
    }

    /// The whole file.
    func text(serial: UInt32) -> [UInt8] { self.head + String(serial).utf8 + self.tail }

    /// The file that takes the place of one that is there; nil when that one says the same.
    ///
    /// - Parameters:
    ///   - old: What the file holds; nil when there is none.
    ///   - seconds: The time since 1970, which serials follow while it is later than the last one.
    /// - Returns: The whole file, or nil.
    /// - Throws: ``RegistryError/refused(_:)`` when somebody else wrote the file.
    func successor(of old: [UInt8]?, at seconds: UInt32) throws(RegistryError) -> [UInt8]? {
        guard let old, !old.isEmpty else { return self.text(serial: max(1, seconds)) }
        guard Self.isOurs(old) else {
            throw .refused(
                "it was not written by sixxs-central zones: move it away, or choose another folder"
            )
        }
        guard let last = Self.serial(of: old) else { return self.text(serial: max(1, seconds)) }
        return self.text(serial: last) == old ? nil : self.text(serial: Self.serial(after: last, at: seconds))
    }

    /// The time, or one more than the last serial where that is not behind it in the arithmetic of serials (RFC 1982).
    static func serial(after last: UInt32, at seconds: UInt32) -> UInt32 {
        let isLater = seconds != last && seconds &- last < 1 << 31
        let next = isLater ? seconds : last &+ 1
        return next == 0 ? 1 : next
    }

    private static func serial(of text: [UInt8]) -> UInt32? {
        let start = text.prefix(4096)
        guard let end = start.firstRange(of: Self.serialMark)?.lowerBound else { return nil }
        let digits = start[..<end].reversed().prefix { (0x30...0x39).contains($0) }.reversed()
        return UInt32(String(decoding: digits, as: UTF8.self))
    }
}

/// Who answers for the zones of a fleet, and where its tunnels have their names.
package struct ZoneAuthority: Hashable, Sendable {
    /// The zone with the names of tunnels.
    let forward: DomainName

    /// The servers that have the zones, the primary first.
    let nameServers: [DomainName]
    let contact: MailContact

    /// How long an answer may be kept, in seconds.
    let ttl: Int

    /// In seconds: from a minute to a week.
    package static let ttls = 60...604_800

    /// - Throws: ``RegistryError/refused(_:)`` when the zones could not be delegated to the servers.
    package init(
        forward: DomainName,
        nameServers: [DomainName],
        contact: MailContact,
        ttl: Int
    ) throws(RegistryError) {
        guard !forward.isReverse else {
            throw .refused(
                "--zone \(forward) has the names of addresses: the reverse zones are made of the fleet's prefixes by themselves; "
                    + "name the zone of the tunnels' names, such as tunnels.example.net"
            )
        }
        guard !nameServers.isEmpty else { throw .refused("the zones need a name server: --name-server") }
        if let inside = nameServers.first(where: { $0.lies(in: forward) }) {
            throw .refused(
                "the name server \(inside) lies in \(forward), which has the names of tunnels only: name it outside of that zone"
            )
        }
        self.forward = forward
        self.nameServers = nameServers.unique
        self.contact = contact
        self.ttl = ttl
    }
}
