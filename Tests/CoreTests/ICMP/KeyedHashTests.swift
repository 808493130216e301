import Testing

@testable import Core

@Suite("The keyed hash") struct KeyedHashTests {
    /// The octets 0 through 15 under the key 0 through 15 (the authors' test vectors: db9bc2577fcc2a3f).
    @Test func isSipHashOf16Octets() {
        let hash = KeyedHash(key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))

        #expect(hash.value(of: 0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908) == 0x3f2a_cc7f_57c2_9bdb)
    }

    @Test func dependsOnSeedAndPurpose() {
        let kinds: [(UInt64, KeyedHash.Purpose)] = [(1, .limits), (1, .endpoints), (1, .paths), (2, .limits)]
        let hashes = kinds.map { KeyedHash(seed: $0.0, for: $0.1).value(of: 7, 0) }

        #expect(Set(hashes).count == hashes.count)
    }
}
