import Wire

/// Where the PoP is: an address, or a name whose addresses may change.
enum PoPHost: Hashable, Sendable, CustomStringConvertible {
    case address(IPAddress)
    case name(String)

    /// The longest name (RFC 1035 §2.3.4), without the final dot.
    private static let longestName = 253

    /// Understands what a person wrote.
    ///
    /// - Returns: Nil when no host can be called so, or have this address.
    init?(_ text: String) {
        if let address = try? IPAddress(parsing: text) {
            guard address.namesOneHost || address.isLoopback else { return nil }
            self = .address(address)
            return
        }
        guard (1...Self.longestName).contains(text.utf8.count), text.utf8.allSatisfy(Self.mayBeInName) else {
            return nil
        }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        // What ends in a number is an address that is wrong, and not a name (RFC 1123 §2.1).
        guard labels.allSatisfy({ !$0.isEmpty && !$0.hasPrefix("-") && $0.utf8.count <= 63 }),
            labels.last?.allSatisfy(\.isNumber) == false
        else { return nil }
        self = .name(text)
    }

    private static func mayBeInName(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// As it was written.
    var description: String {
        switch self {
        case .address(let address): "\(address)"
        case .name(let name): name
        }
    }
}
