internal import CLibCrypto

/// A message digest, by the system's libcrypto.
///
/// SHA-1, which every AYIYA packet needs, is our own (`CSHA1`): it works on many packets at once and without the heap.
public enum MessageDigest: Sendable, CaseIterable {
    /// 16 octets (RFC 1321).
    case md5

    /// 20 octets (FIPS 180-4).
    case sha1

    /// 32 octets (FIPS 180-4).
    case sha256

    /// The digest of a message; empty when the system's policy forbids the algorithm, as FIPS does MD5.
    public func callAsFunction(_ message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        let isDone = unsafe message.withUnsafeBytes { octets in
            unsafe digest.withUnsafeMutableBufferPointer { buffer in
                unsafe EVP_Digest(
                    octets.baseAddress,
                    octets.count,
                    buffer.baseAddress,
                    &length,
                    self.algorithm,
                    nil
                )
            }
        }
        return isDone == 1 ? Array(digest.prefix(Int(length))) : []
    }

    private var algorithm: OpaquePointer? {
        switch self {
        case .md5: unsafe EVP_md5()
        case .sha1: unsafe EVP_sha1()
        case .sha256: unsafe EVP_sha256()
        }
    }
}

extension MessageDigest {
    /// How many octets the digests here take at once (RFC 2104 §2's B).
    private static let blockLength = 64

    /// The HMAC of a message (RFC 2104); empty when the system's policy forbids the algorithm.
    public func authenticationCode(of message: [UInt8], key: [UInt8]) -> [UInt8] {
        var block = key.count > Self.blockLength ? self(key) : key
        block += [UInt8](repeating: 0, count: Self.blockLength - block.count)
        let inner = self(block.map { $0 ^ 0x36 } + message)
        return inner.isEmpty ? [] : self(block.map { $0 ^ 0x5c } + inner)
    }
}
