import CSHA1
import TestSupport
import Testing
import Wire

@Suite("SHA-1") struct SHA1Tests {
    private static func digest(_ octets: [UInt8]) -> [UInt8] {
        Array(SHA1Digest(of: octets.span.bytes))
    }

    private static func digest(_ octets: [UInt8], cutAt first: Int, _ second: Int) -> [UInt8] {
        let bytes = octets.span.bytes
        return Array(
            SHA1Digest(
                ofParts: bytes.extracting(0..<first),
                bytes.extracting(first..<second),
                bytes.extracting(second..<octets.count)
            )
        )
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
            let cuts = [
                Int.random(in: 0...count, using: &generator), Int.random(in: 0...count, using: &generator),
            ]

            let digest = Self.digest(message, cutAt: cuts.min() ?? 0, cuts.max() ?? 0)

            #expect(digest == MessageDigest.sha1(message), "\(count) octets cut at \(cuts)")
        }
    }

    @Test func isTheSameByLibcrypto() {
        var generator = SeededGenerator(seed: 1806)
        let noise = generator.octets(600)
        for count in 0...noise.count {
            let message = Array(noise.prefix(count))
            var digest = [UInt8](repeating: 0, count: 20)
            message.withUnsafeBufferPointer { octets in
                var parts = [csha1_part](repeating: csha1_part(), count: 3)
                parts[0] = csha1_part(octets: octets.baseAddress, count: count / 2)
                parts[2] = csha1_part(
                    octets: octets.baseAddress.map { $0 + count / 2 },
                    count: count - count / 2
                )
                csha1_digest_libcrypto(parts, &digest)
            }

            #expect(digest == Self.digest(message), "\(count) octets")
        }
    }

    private static func pair(_ first: [UInt8], _ second: [UInt8], cut: Int) -> [[UInt8]] {
        var one = [UInt8](repeating: 0, count: 20)
        var other = one
        func parts(_ octets: UnsafeBufferPointer<UInt8>) -> [csha1_part] {
            let cut = min(cut, octets.count)
            let head = csha1_part(octets: octets.baseAddress, count: cut)
            let tail = csha1_part(octets: octets.baseAddress.map { $0 + cut }, count: octets.count - cut)
            return [head, csha1_part(), tail]
        }
        first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { second in
                csha1_digest_pair(parts(first), parts(second), &one, &other)
            }
        }
        return [one, other]
    }

    @Test func isTheSameInPairsWhateverTheTwoLengths() {
        var generator = SeededGenerator(seed: 1807)
        let noise = generator.octets(3000)
        for count in 0...700 {
            let first = Array(noise.prefix(count))
            let second = Array(
                noise.suffix(.random(in: 0...(count & 1 == 0 ? 2000 : 130), using: &generator))
            )
            let cut = Int.random(in: 0...200, using: &generator)

            let digests = Self.pair(first, second, cut: cut)

            #expect(
                digests == [Self.digest(first), Self.digest(second)],
                "\(count) and \(second.count), \(cut)"
            )
        }
    }

    @Test(arguments: Self.known)
    func isTheKnownOneInPairs(_ row: Row<[UInt8], String>) {
        for other in Self.known {
            let digests = Self.pair(row.input, other.input, cut: 3)
            #expect(digests == [octets(row.output), octets(other.output)], "beside \(other)")
        }
    }

    @Test func isTheSameWhereverAMessageIsCut() {
        var generator = SeededGenerator(seed: 1805)
        let message = generator.octets(131)
        let expected = MessageDigest.sha1(message)
        for first in 0...message.count {
            for second in first...message.count
            where Self.digest(message, cutAt: first, second) != expected {
                Issue.record("cut at \(first) and \(second)")
            }
        }
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
