internal import Core
internal import Crypto
internal import Wire

/// What it costs to sign and to verify an AYIYA datagram, beside the same hash by swift-crypto.
final class Signatures {
    /// Sizes of datagrams: 100 and 1280 octets of IPv6 in them.
    static let lengths = [144, 1324]
    private static let operations = 1000

    private let length: Int
    private let secret = AYIYASecret(password: "benchmark-password")
    private let secretOctets = Array(Insecure.SHA1.hash(data: Array("benchmark-password".utf8)))
    private let memory: UnsafeMutableRawBufferPointer

    /// Signs a datagram of a length.
    init(length: Int) {
        self.length = length
        self.memory = .allocate(byteCount: length, alignment: 64)
        self.memory.initializeMemory(as: UInt8.self, repeating: 0x5a)
        self.sign()
    }

    deinit { self.memory.deallocate() }

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

    /// Two datagrams at a time, as batches are signed and verified.
    var inPairs: Case {
        Case("verify \(self.length) octets in pairs", operations: 2 * Self.operations) {
            self.repeatedly { precondition(self.areRight()) }
        }
    }

    /// The same with swift-crypto, hash and comparison.
    var rival: Case {
        Case("verify \(self.length) octets with swift-crypto", operations: Self.operations) {
            self.repeatedly { precondition(self.isRightBySwiftCrypto()) }
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
        let datagram = self.memory.bytes
        let (one, other) = AYIYASecret.signatures(of: datagram, by: self.secret, datagram, by: self.secret)
        return one.matches(datagram, at: 24) && other.matches(datagram, at: 24)
    }

    @inline(never)
    private func isRightBySwiftCrypto() -> Bool {
        let datagram = UnsafeRawBufferPointer(self.memory)
        var hash = Insecure.SHA1()
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: datagram[..<24]))
        self.secretOctets.withUnsafeBytes { hash.update(bufferPointer: $0) }
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: datagram[44...]))
        return hash.finalize() == UnsafeRawBufferPointer(rebasing: datagram[24..<44])
    }
}
