internal import CLibCrypto

/// A key derived from a password so that each guess costs memory (RFC 7914), by the system's libcrypto.
public struct Scrypt: Hashable, Sendable {
    /// The logarithm to base 2 of the cost in time and memory, N.
    public let logarithm: Int

    /// The size of a block, r, of 128 octets each.
    public let blockSize: Int

    /// How often all of it is done, p.
    public let repetitions: Int

    /// Octets that may be asked for at most, so that a stored text cannot ask for all there is.
    private static let mostMemory = 256 << 20

    /// How often a step may be repeated at most, for the same reason.
    private static let mostRepetitions = 16

    /// Takes parameters; nil for what is no scrypt, and for what takes more memory or time than a login may.
    public init?(logarithm: Int, blockSize: Int, repetitions: Int) {
        guard (1...24).contains(logarithm), (1...64).contains(blockSize),
            (1...Self.mostRepetitions).contains(repetitions),
            128 * blockSize << logarithm <= Self.mostMemory
        else { return nil }
        self.logarithm = logarithm
        self.blockSize = blockSize
        self.repetitions = repetitions
    }

    /// Octets that a derivation takes.
    public var memory: Int { 128 * self.blockSize << self.logarithm }

    /// Derives a key.
    ///
    /// - Parameters:
    ///   - password: What was typed.
    ///   - salt: What makes equal passwords unequal.
    ///   - length: Octets of the key.
    /// - Returns: The key; empty when libcrypto could not, for want of memory or by the system's policy.
    public func key(of password: [UInt8], salt: [UInt8], length: Int = 32) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: length)
        let isDone = unsafe password.withUnsafeBytes { password in
            unsafe salt.withUnsafeBufferPointer { salt in
                unsafe key.withUnsafeMutableBufferPointer { key in
                    unsafe EVP_PBE_scrypt(
                        password.baseAddress?.assumingMemoryBound(to: CChar.self),
                        password.count,
                        salt.baseAddress,
                        salt.count,
                        1 << UInt64(self.logarithm),
                        UInt64(self.blockSize),
                        UInt64(self.repetitions),
                        // What it counts is a little more than the blocks.
                        UInt64(2 * self.memory + (1 << 20)),
                        key.baseAddress,
                        key.count
                    )
                }
            }
        }
        return isDone == 1 ? key : []
    }
}
