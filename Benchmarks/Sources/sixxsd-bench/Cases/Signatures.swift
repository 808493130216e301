internal import CLibCrypto
internal import Core
internal import Wire

/// What it costs to sign and to verify an AYIYA datagram, beside the same hash by libcrypto.
final class Signatures {
    /// Sizes of datagrams: 100 and 1280 octets of IPv6 in them.
    static let lengths = [144, 1324]
    private static let operations = 1000

    private let length: Int
    private let secret = AYIYASecret(password: "benchmark-password")
    private let secretOctets = MessageDigest.sha1(Array("benchmark-password".utf8))
    private let memory: UnsafeMutableRawBufferPointer
    private var signatures = DatagramSignatures()
    private let context = EVP_MD_CTX_new()

    /// Signs a datagram of a length.
    init(length: Int) {
        self.length = length
        self.memory = .allocate(byteCount: length, alignment: 64)
        self.memory.initializeMemory(as: UInt8.self, repeating: 0x5a)
        self.sign()
    }

    deinit {
        self.memory.deallocate()
        EVP_MD_CTX_free(self.context)
    }

    var cases: [Case] {
        [
            Case("sign \(self.length) octets", operations: Self.operations) {
                self.repeatedly { self.sign() }
            },
            Case("verify \(self.length) octets", operations: Self.operations) {
                self.repeatedly { precondition(self.isRight()) }
            },
        ]
    }

    /// Many datagrams at a time, as batches are signed and verified.
    var together: Case {
        let most = DatagramSignatures.most
        return Case("verify \(self.length) octets, \(most) at a time", operations: most * Self.operations) {
            self.repeatedly { precondition(self.areRight()) }
        }
    }

    /// The same with libcrypto, hash and comparison.
    var rival: Case {
        Case("verify \(self.length) octets with libcrypto", operations: Self.operations) {
            self.repeatedly { precondition(self.isRightByLibcrypto()) }
        }
    }

    @inline(__always)
    private func repeatedly(_ body: () -> Void) {
        for _ in 0..<Self.operations { body() }
    }

    @inline(never)
    private func sign() {
        var bytes = self.memory.mutableBytes
        AYIYAHeader(
            opcode: .forward,
            nextHeader: ProtocolNumber.ipv6,
            epochTime: UInt32(truncatingIfNeeded: Fleet.now.unixTime),
            identity: Fleet.internetHost
        ).encode(
            into: &bytes,
            at: 0,
            payloadLength: self.length - AYIYAPacket.headerLength,
            signedWith: self.secret
        )
    }

    @inline(never)
    private func isRight() -> Bool {
        guard let packet = try? AYIYAPacket(self.memory.bytes) else { return false }
        return packet.hasSignature(by: self.secret)
    }

    @inline(never)
    private func areRight() -> Bool {
        self.signatures.removeAll()
        while !self.signatures.isFull {
            self.signatures.append(UnsafeRawBufferPointer(self.memory), by: self.secret)
        }
        self.signatures.compute()
        return (0..<self.signatures.count).allSatisfy {
            AYIYAPacket.hasSignature(self.signatures.signature(at: $0), in: self.memory.bytes)
        }
    }

    @inline(never)
    private func isRightByLibcrypto() -> Bool {
        let datagram = UnsafeRawBufferPointer(self.memory)
        var digest = [UInt8](repeating: 0, count: 20)
        EVP_DigestInit_ex(self.context, EVP_sha1(), nil)
        EVP_DigestUpdate(self.context, datagram.baseAddress, 24)
        EVP_DigestUpdate(self.context, self.secretOctets, self.secretOctets.count)
        EVP_DigestUpdate(self.context, datagram.baseAddress.map { $0 + 44 }, datagram.count - 44)
        EVP_DigestFinal_ex(self.context, &digest, nil)
        return digest.elementsEqual(datagram[24..<44])
    }
}
