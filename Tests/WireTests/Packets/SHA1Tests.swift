import CSHA1
import TestSupport
import Testing
import Wire

@Suite("SHA-1") struct SHA1Tests {
    private static func digest(_ octets: [UInt8]) -> [UInt8] {
        Array(SHA1Digest(of: octets.span.bytes))
    }

    /// Every choice of extensions that this CPU has, none among them.
    static let extensions = (0..<8).filter { $0 & ~csha1_extensions() == 0 }

    /// Digests of messages that are hashed together.
    ///
    /// - Parameters:
    ///   - messages: The messages.
    ///   - heads: How many octets of each message its head has.
    ///   - extensions: What may be used of the CPU.
    /// - Returns: The digests, in the same order.
    private static func digests(
        of messages: [[UInt8]],
        heads: [Int],
        by extensions: UInt32
    ) -> [[UInt8]] {
        Array(messages.joined()).withUnsafeBufferPointer { octets in
            var start = 0
            var batch = zip(messages, heads).map { octetsOfMessage, head in
                var message = csha1_message()
                message.head_count = head
                withUnsafeMutableBytes(of: &message.head) { $0.copyBytes(from: octetsOfMessage.prefix(head)) }
                message.body = octets.baseAddress.map { $0 + start + head }
                message.body_count = octetsOfMessage.count - head
                start += octetsOfMessage.count
                return message
            }
            csha1_digest_with(extensions, &batch, batch.count)
            return batch.map { withUnsafeBytes(of: $0.digest) { Array($0) } }
        }
    }

    /// FIPS 180-4's examples, and lengths at which the padding takes another form.
    // swift-format-ignore
    static let known: [Row<[UInt8], String>] = [
        Row("one block",          Array("abc".utf8),                        is: "a9993e364706816aba3e25717850c26c9cd0d89d"),
        Row("two blocks", Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            is: "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
        Row("four blocks", Array(("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
            + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu").utf8),
            is: "a49b2446a02c645bf419f995b67091253a04a259"),
        Row("a million times a",  [UInt8](repeating: 0x61, count: 1_000_000), is: "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
        Row("nothing",            [],                                       is: "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ]

    @Test(arguments: Self.known)
    func isTheKnownOne(_ row: Row<[UInt8], String>) {
        #expect(Self.digest(row.input) == octets(row.output))
    }

    @Test func agreesWithLibcryptoForEveryLength() {
        var generator = SeededGenerator(seed: 1804)
        let noise = generator.octets(3000)
        for count in 0...3000 {
            let message = Array(noise.suffix(count))
            #expect(Self.digest(message) == MessageDigest.sha1(message), "\(count) octets")
        }
    }

    @Test(arguments: Self.extensions)
    func isTheKnownOneBesideOthers(_ extensions: UInt32) {
        let digests = Self.digests(
            of: Self.known.map(\.input),
            heads: Self.known.map { min($0.input.count, 3) },
            by: extensions
        )
        #expect(digests == Self.known.map { octets($0.output) })
    }

    /// Wherever its head ends: alone, beside one other and in company.
    @Test(arguments: Self.extensions)
    func isTheSameWhereverAMessageIsCut(_ extensions: UInt32) {
        var generator = SeededGenerator(seed: 1805)
        for count in 0...200 {
            let message = generator.octets(count)
            let heads = Array(0..<min(count + 1, 64))
            let expected = [[UInt8]](repeating: MessageDigest.sha1(message), count: heads.count)

            let together = Self.digests(of: heads.map { _ in message }, heads: heads, by: extensions)
            let alone = heads.flatMap { Self.digests(of: [message], heads: [$0], by: extensions) }

            #expect(together == expected, "\(count) octets")
            #expect(alone == expected, "\(count) octets, alone")
        }
    }

    /// As many messages as fit in the lanes, fewer and more, of one length or of lengths that have nothing to do with each other.
    @Test(arguments: Self.extensions)
    func isTheSameInCompanyWhateverTheLengths(_ extensions: UInt32) {
        var generator = SeededGenerator(seed: 1806)
        for count in 0...200 {
            let longest = [70, 300, 1500][count % 3]
            let shortest = count.isMultiple(of: 4) ? longest : 0
            let messages = (0..<count % 40).map { _ in
                generator.octets(.random(in: shortest...longest, using: &generator))
            }
            let heads = messages.map {
                shortest > 0 ? 44 : Int.random(in: 0...min($0.count, 63), using: &generator)
            }

            let digests = Self.digests(of: messages, heads: heads, by: extensions)

            let expected = messages.map { MessageDigest.sha1($0) }
            #expect(digests == expected, "\(messages.map(\.count)) cut at \(heads)")
        }
    }

    @Test func isComputedByWhatTheCPUHas() {
        let fastest = csha1_fastest_extensions()

        #expect(fastest & ~csha1_extensions() == 0)
        #expect(fastest & UInt32(CSHA1_SHA) == csha1_extensions() & UInt32(CSHA1_SHA))
    }

    @Test func comparesEachOctet() {
        let digest = SHA1Digest(of: [UInt8]().span.bytes)
        let padded = [7, 7] + Array(digest) + [7]

        for index in padded.indices {
            let changed = padded.with(padded[index] ^ 0x40, at: index)
            let matches = digest.matches(changed.span.bytes, at: 2)
            #expect(matches == !(2..<22).contains(index), "octet \(index)")
        }
        #expect(digest == SHA1Digest(digest.octets))
    }
}

extension Array where Element == UInt8 {
    /// The octets of a digest.
    fileprivate init(_ digest: SHA1Digest) {
        self = digest.octets.indices.map { digest.octets[$0] }
    }
}
