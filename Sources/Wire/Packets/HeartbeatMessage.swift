/// A heartbeat: one ASCII datagram that says where the user's end of a 6in4 tunnel is.
///
/// `HEARTBEAT TUNNEL <inner ::2> <sender | address> <seconds> <md5>`; the MD5 is of the text before it, its
/// last blank included, with the password behind it. Decoding allocates, but a datagram longer than
/// ``maximumLength`` is refused first.
public struct HeartbeatMessage: Hashable, Sendable {
    /// UDP port of the server.
    public static let port: UInt16 = 3740

    /// The longest datagram that can be a heartbeat: keywords, two addresses, a number and an MD5, in octets.
    public static let maximumLength = 192

    /// Where the user says that the tunnel's end is.
    public enum Sender: Hashable, Sendable {
        /// At the source address of the datagram itself.
        case source
        /// At this address, which must be the datagram's source.
        case address(IPAddress)
    }

    /// Why a datagram is no heartbeat.
    public enum Failure: Error, Hashable, Sendable {
        /// It doesn't begin as one, or the identity or the hash is no such thing.
        case notAHeartbeat
        /// The word for the sender is missing or is neither `sender` nor an address.
        case missingSender
        /// The time is missing or is no number.
        case missingTime
    }

    /// The user's address inside the tunnel.
    public let identity: IPv6Address

    /// Where the tunnel's end is.
    public let sender: Sender

    /// When the user signed, in seconds since 1970.
    public let epochTime: UInt64

    /// The octets that the hash covers before the password: all before the hash itself, as they came.
    private let signedText: [UInt8]

    /// The 16 octets of the hash that came.
    private let digest: [UInt8]

    /// Reads a datagram; a trailing CR or LF is cut.
    ///
    /// - Throws: ``Failure`` with the first thing that is wrong.
    public init(_ datagram: RawSpan) throws(Failure) {
        guard datagram.byteCount <= Self.maximumLength else { throw .notAHeartbeat }
        var text = datagram.octets
        while let last = text.last, last == 0x0d || last == 0x0a { text.removeLast() }
        let words = text.split(separator: UInt8(ascii: " "), maxSplits: 5, omittingEmptySubsequences: false)
        guard words.count >= 3, words[0].elementsEqual("HEARTBEAT".utf8),
            words[1].elementsEqual("TUNNEL".utf8),
            let identity = try? IPv6Address(parsing: String(decoding: words[2], as: UTF8.self))
        else { throw .notAHeartbeat }
        guard words.count >= 4, let sender = Self.sender(words[3]) else { throw .missingSender }
        guard words.count >= 5, let time = Self.seconds(words[4]) else { throw .missingTime }
        guard words.count == 6, let digest = Self.digest(words[5]) else { throw .notAHeartbeat }
        self.identity = identity
        self.sender = sender
        self.epochTime = time
        self.signedText = Array(text[..<words[5].startIndex])
        self.digest = digest
    }

    private static func sender(_ word: ArraySlice<UInt8>) -> Sender? {
        if word.elementsEqual("sender".utf8) { return .source }
        return (try? IPAddress(parsing: String(decoding: word, as: UTF8.self))).map(Sender.address)
    }

    private static func seconds(_ word: ArraySlice<UInt8>) -> UInt64? {
        guard word.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return UInt64(String(decoding: word, as: UTF8.self))
    }

    /// 32 lower-case hexadecimal digits, as the format says; others are refused.
    private static func digest(_ word: ArraySlice<UInt8>) -> [UInt8]? {
        word.count == 32 ? [UInt8](hexadecimalText: word) : nil
    }

    /// Whether the hash is the one a holder of this password makes, compared in constant time.
    public func isSigned(with password: TunnelPassword) -> Bool {
        let expected = MessageDigest.md5(self.signedText + password.octets)
        return expected.isEqualInConstantTime(to: self.digest)
    }

    /// The datagram that a user sends: no newline at its end.
    ///
    /// - Parameters:
    ///   - identity: The user's address inside the tunnel.
    ///   - sender: Where the tunnel's end is.
    ///   - epochTime: Seconds since 1970.
    ///   - password: What the hash is made with.
    /// - Returns: ASCII octets.
    public static func encode(
        identity: IPv6Address,
        sender: Sender,
        epochTime: UInt64,
        password: TunnelPassword
    ) -> [UInt8] {
        let place =
            switch sender {
            case .source: "sender"
            case .address(let address): address.description
            }
        let text = Array("HEARTBEAT TUNNEL \(identity) \(place) \(epochTime) ".utf8)
        return text + Array(MessageDigest.md5(text + password.octets).hexadecimalText.utf8)
    }
}
