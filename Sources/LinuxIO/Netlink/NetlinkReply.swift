internal import CLinux
internal import SystemPackage

/// One message out of a netlink datagram.
struct NetlinkReply {
    static let headerLength = 16

    let type: UInt16
    let flags: UInt16
    let sequence: UInt32

    /// What follows the header.
    let body: ArraySlice<UInt8>

    /// Splits a datagram into its messages; a broken end is left out.
    static func messages(in datagram: [UInt8]) -> [NetlinkReply] {
        var messages: [NetlinkReply] = []
        var rest = datagram[...]
        while rest.count >= Self.headerLength {
            let length = Int(rest.hostOrder(at: 0, as: UInt32.self))
            guard length >= Self.headerLength, length <= rest.count else { break }
            messages.append(
                NetlinkReply(
                    type: rest.hostOrder(at: 4),
                    flags: rest.hostOrder(at: 6),
                    sequence: rest.hostOrder(at: 8),
                    body: rest.prefix(length).dropFirst(Self.headerLength)
                )
            )
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return messages
    }

    /// Whether the message ends the answer to a dump.
    var isDone: Bool { self.type == UInt16(NLMSG_DONE) }

    /// The error that the message reports, 0 for an acknowledgement; nil when it reports none.
    var errno: Errno? {
        guard self.type == UInt16(NLMSG_ERROR), self.body.count >= 4 else { return nil }
        // The kernel's are negative; the least of all has no counterpart.
        return Errno(rawValue: 0 &- self.body.hostOrder(at: 0, as: Int32.self))
    }

    /// The kernel's own words about the error (NETLINK_EXT_ACK), or nil.
    var explanation: String? {
        guard self.errno != nil, self.flags & UInt16(NLM_F_ACK_TLVS) != 0, self.body.count >= 20 else {
            return nil
        }
        let isCapped = self.flags & UInt16(NLM_F_CAPPED) != 0
        let quoted = isCapped ? Self.headerLength : Int(self.body.hostOrder(at: 4, as: UInt32.self))
        let attributes = Self.attributes(in: self.body.dropFirst(4 + quoted))
        return attributes[UInt16(NLMSGERR_ATTR_MSG.rawValue)].map {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The attributes in a stretch of octets, by their type without flags; the last of a type counts.
    static func attributes(in octets: ArraySlice<UInt8>) -> [UInt16: ArraySlice<UInt8>] {
        var attributes: [UInt16: ArraySlice<UInt8>] = [:]
        var rest = octets
        while rest.count >= 4 {
            let length = Int(rest.hostOrder(at: 0, as: UInt16.self))
            guard length >= 4, length <= rest.count else { break }
            attributes[rest.hostOrder(at: 2, as: UInt16.self) & 0x3fff] = rest.prefix(length).dropFirst(4)
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return attributes
    }
}
