/// What a walk along an IPv6 header chain found (RFC 8200 §4).
public enum HeaderChain: Hashable, Sendable {
    /// The chain ends in an upper-layer header of this type, at this offset from the start of the packet.
    case upperLayer(nextHeader: UInt8, offset: Int)

    /// The packet is one fragment of several; `nextHeader` is the type that its fragment header names.
    case fragment(nextHeader: UInt8, isFirst: Bool, offset: Int)

    /// A routing header with segments left stands in the way; `offset` is of its type field.
    case routing(typeOffset: Int)

    /// A header says that it is longer than the packet; `offset` is of the field that says so.
    case beyondPacket(fieldOffset: Int)

    /// An option is unknown that a destination must not skip (RFC 8200 §4.2); `offset` is of its type, and
    /// `isAnswered` says whether its sender is to be told.
    case unrecognizedOption(offset: Int, isAnswered: Bool)
}

extension IPv6Packet {
    /// Walks the extension headers up to the upper-layer header.
    ///
    /// Transit packets never need this (RFC 8200 §4: only the destination looks); it serves for packets to
    /// the daemon itself and for telling ICMPv6 errors from other packets. Ends after at most
    /// `payloadLength / 8` steps, since each header is at least 8 octets.
    public var headerChain: HeaderChain { self.walk(as: .destination) }

    /// Who walks along the chain.
    enum Walker {
        /// The node that the packet is for, which must act on what it finds.
        case destination
        /// A node that only wants to know the upper-layer header: it looks past routing headers with segments
        /// left and into first fragments.
        case observer
    }

    /// As ``headerChain``, on behalf of a walker.
    func walk(as walker: Walker) -> HeaderChain {
        var nextHeader = self.nextHeader
        var nextHeaderField = IPv6Header.Offset.nextHeader
        var offset = Self.headerLength
        while let length = self.extensionLength(of: nextHeader, at: offset) {
            guard length.isComplete else {
                return .beyondPacket(fieldOffset: length.fieldOffset ?? nextHeaderField)
            }
            if let end = self.chainEnd(in: nextHeader, at: offset, next: offset + length.octets, for: walker)
            {
                return end
            }
            nextHeader = self.octets.bigEndian(at: offset)
            nextHeaderField = offset
            offset += length.octets
        }
        return .upperLayer(nextHeader: nextHeader, offset: offset)
    }

    private struct ExtensionLength {
        /// The header's length in octets, as it says itself.
        var octets: Int
        /// Whether all of it lies in the packet.
        var isComplete: Bool
        /// Where its length field stands, nil when even that lies beyond the packet.
        var fieldOffset: Int?
    }

    /// The length of the extension header of a type at an offset; nil when the type is no extension header.
    private func extensionLength(of nextHeader: UInt8, at offset: Int) -> ExtensionLength? {
        guard ProtocolNumber.isExtensionHeader(nextHeader) else { return nil }
        guard offset + 8 <= self.totalLength else { return ExtensionLength(octets: 8, isComplete: false) }
        let units = Int(self.octets.bigEndian(at: offset + 1, as: UInt8.self))
        let octets =
            switch nextHeader {
            case ProtocolNumber.fragment: 8
            // The authentication header alone counts in units of four octets (RFC 4302 §2.2).
            case ProtocolNumber.authentication: (units + 2) * 4
            default: (units + 1) * 8
            }
        return ExtensionLength(
            octets: octets,
            isComplete: offset + octets <= self.totalLength,
            fieldOffset: offset + 1
        )
    }

    /// What ends the walk in the header at an offset, or nil when it goes on at the next one.
    private func chainEnd(in type: UInt8, at offset: Int, next: Int, for walker: Walker) -> HeaderChain? {
        switch type {
        case ProtocolNumber.routing:
            let segmentsLeft: UInt8 = self.octets.bigEndian(at: offset + 3)
            return segmentsLeft == 0 || walker == .observer ? nil : .routing(typeOffset: offset + 2)
        case ProtocolNumber.fragment:
            let field: UInt16 = self.octets.bigEndian(at: offset + 2)
            // An atomic fragment is a whole packet (RFC 6946).
            let isWhole = field & 0xfff9 == 0
            let isFirst = field & 0xfff8 == 0
            guard !isWhole, !isFirst || walker == .destination else { return nil }
            return .fragment(nextHeader: self.octets.bigEndian(at: offset), isFirst: isFirst, offset: next)
        case ProtocolNumber.hopByHopOptions, ProtocolNumber.destinationOptions:
            return walker == .destination ? self.optionInTheWay(from: offset + 2, to: next) : nil
        default:
            return nil
        }
    }

    private enum Option {
        static let pad1: UInt8 = 0
        static let padN: UInt8 = 1
    }

    /// The first option of a header that ends the walk: of the options that exist, none but padding concerns us.
    private func optionInTheWay(from start: Int, to end: Int) -> HeaderChain? {
        var offset = start
        while offset < end {
            let type: UInt8 = self.octets.bigEndian(at: offset)
            guard type != Option.pad1 else {
                offset += 1
                continue
            }
            guard offset + 2 <= end else { return .beyondPacket(fieldOffset: offset) }
            let next = offset + 2 + Int(self.octets.bigEndian(at: offset + 1, as: UInt8.self))
            guard next <= end else { return .beyondPacket(fieldOffset: offset + 1) }
            if type != Option.padN, let action = self.action(on: type) {
                return .unrecognizedOption(offset: offset, isAnswered: action == .answer)
            }
            offset = next
        }
        return nil
    }

    private enum OptionAction {
        case discard
        case answer
    }

    /// What the two highest bits of an unknown option's type demand (RFC 8200 §4.2); nil for skipping it.
    private func action(on type: UInt8) -> OptionAction? {
        switch type >> 6 {
        case 0: nil
        case 1: .discard
        case 2: .answer
        default: self.destination.isMulticast ? .discard : .answer
        }
    }
}

/// A fragment header to write (RFC 8200 §4.5).
public enum FragmentHeader {
    /// Length of the header, in octets.
    public static let length = 8

    /// Writes the 8 octets of a header.
    ///
    /// Traps when they don't fit in the buffer.
    ///
    /// - Parameters:
    ///   - buffer: Where to write.
    ///   - offset: Where the header begins, in octets.
    ///   - nextHeader: Type of the first header of the fragmentable part.
    ///   - position: Where the fragment stands in that part, in octets, a multiple of 8.
    ///   - isLast: Whether no fragment follows.
    ///   - identification: The same for all fragments of a packet.
    public static func encode(
        into buffer: inout MutableRawSpan,
        at offset: Int,
        nextHeader: UInt8,
        position: Int,
        isLast: Bool,
        identification: UInt32
    ) {
        buffer.storeBigEndian(UInt16(nextHeader) << 8, at: offset)
        let field = UInt16(truncatingIfNeeded: position) & 0xfff8 | (isLast ? 0 : 1)
        buffer.storeBigEndian(field, at: offset + 2)
        buffer.storeBigEndian(identification, at: offset + 4)
    }
}
