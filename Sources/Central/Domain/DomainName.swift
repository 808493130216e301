package import Wire

/// The name of a host or a zone in the DNS, in small letters and without the dot at its end.
package struct DomainName: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Parses a name of two labels or more.
    ///
    /// - Throws: `SyntaxError` unless it has letters, digits, hyphens and dots as names of hosts have them.
    package init(parsing text: some StringProtocol) throws(SyntaxError) {
        let name = text.hasSuffix(".") ? text.dropLast() : text[...]
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, labels.count >= 2, labels.allSatisfy({ Self.isLabel(Array($0)) }),
            labels.last?.contains(where: Self.isLetter) == true
        else {
            throw SyntaxError(
                expected: "a domain name such as ns1.example.net",
                found: String(text.prefix(80))
            )
        }
        self.description = name.lowercased()
    }

    private static func isLabel(_ label: [UInt8]) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
            && label.allSatisfy { Self.isLetter($0) || (0x30...0x39).contains($0) || $0 == hyphen }
    }

    private static func isLetter(_ octet: UInt8) -> Bool { (0x61...0x7a).contains(octet | 0x20) }

    /// Whether it is a name or lies below it.
    func lies(in other: DomainName) -> Bool {
        self == other || self.description.hasSuffix("." + other.description)
    }

    /// Whether it lies in the tree of addresses.
    var isReverse: Bool { self.description.hasSuffix(".arpa") }
}

extension DomainName {
    /// How many name servers a zone may be delegated to: an answer with more is truncated.
    package static let mostServers = 8

    /// Parses the name of a name server.
    ///
    /// - Throws: `SyntaxError` for what cannot be one: an address, or a name in the tree of addresses.
    package static func nameServer(_ text: String) throws -> DomainName {
        let name = try DomainName(parsing: text)
        guard !name.isReverse else {
            throw SyntaxError(expected: "the name of a name server, outside of arpa", found: text)
        }
        return name
    }

    /// Parses names of name servers with blanks between.
    ///
    /// - Throws: `SyntaxError` when one is none, or when they are too many.
    static func list(_ text: String) throws -> [DomainName] {
        let names = try text.split(separator: " ").map { try Self.nameServer(String($0)) }
        guard names.count <= Self.mostServers else {
            throw SyntaxError(
                expected: "at most \(Self.mostServers) name servers",
                found: "\(names.count)"
            )
        }
        return names.unique
    }
}

extension Array where Element: Hashable {
    /// Each element once, where it stood first.
    package var unique: [Element] {
        var seen: Set<Element> = []
        return self.filter { seen.insert($0).inserted }
    }
}

/// Who is responsible for zones, as their SOA records say it.
package struct MailContact: Hashable, Sendable {
    /// The address as a domain name: dots before the at sign are escaped (RFC 1035, section 8).
    let name: String

    /// Parses an address of mail.
    ///
    /// - Throws: `SyntaxError`.
    package init(parsing text: String) throws {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_")
        let atoms = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count <= 63, parts[0].allSatisfy(allowed.contains),
            atoms.allSatisfy({ !$0.isEmpty }), let domain = try? DomainName(parsing: parts[1])
        else {
            throw SyntaxError(expected: "an address such as hostmaster@example.net", found: text)
        }
        self.name = atoms.joined(separator: "\\.") + "." + domain.description
    }
}
