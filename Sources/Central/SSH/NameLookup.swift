internal import Glibc
internal import Synchronization
internal import Wire

/// A socket address as the system has it.
struct SocketAddress: Hashable, Sendable {
    let family: Int32
    let octets: [UInt8]
}

/// Turns an SSH host into socket addresses; names without holding up the caller beyond its deadline.
enum NameLookup {
    /// In octets; the resolver's plug-ins need more than a conversation.
    private static let stackSize = 1 << 20

    /// - Throws: ``ConnectionFailure/hostNotFound(host:reason:)`` or what the clock throws.
    static func addresses(
        of host: String,
        port: Int,
        clock: StepClock
    ) throws(ConnectionFailure) -> [SocketAddress] {
        do throws(SyntaxError) { _ = try FreeText.host(host) } catch {
            throw .hostNotFound(host: host, reason: error.description)
        }
        if case .success(let literal) = Self.resolve(host, port, flags: AI_NUMERICHOST) { return literal }
        let finished = try EventDescriptor()
        let slot = Slot()
        // The resolver cannot be stopped: when the deadline passes it is left to end by itself.
        let work = SessionThread.Work {
            slot.fill(Self.resolve(host, port, flags: 0))
            finished.raise()
        }
        if let code = work.start(stackSize: Self.stackSize) {
            throw .system(call: "pthread_create", reason: SystemMessage.text(of: code))
        }
        try clock.wait(for: finished.descriptor, events: POLLIN)
        return try slot.take(host)
    }

    /// Where the resolver's thread leaves its answer.
    private final class Slot: Sendable {
        private let answer = Mutex<Result<[SocketAddress], LookupError>?>(nil)

        func fill(_ result: Result<[SocketAddress], LookupError>) { self.answer.withLock { $0 = result } }

        func take(_ host: String) throws(ConnectionFailure) -> [SocketAddress] {
            switch self.answer.withLock({ $0 }) {
            case .success(let addresses): return addresses
            case .failure(let error): throw .hostNotFound(host: host, reason: error.reason)
            case nil: throw .hostNotFound(host: host, reason: "no answer")
            }
        }
    }

    private struct LookupError: Error {
        let reason: String
    }

    private static func resolve(
        _ host: String,
        _ port: Int,
        flags: Int32
    ) -> Result<[SocketAddress], LookupError> {
        var hints = addrinfo()
        hints.ai_flags = flags | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &list)
        guard code == 0 else { return .failure(LookupError(reason: String(cString: gai_strerror(code)))) }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = list
        while let current = entry?.pointee {
            if let address = current.ai_addr {
                let octets = UnsafeRawBufferPointer(start: address, count: Int(current.ai_addrlen))
                addresses.append(SocketAddress(family: current.ai_family, octets: Array(octets)))
            }
            entry = current.ai_next
        }
        return .success(Self.interleaved(addresses))
    }

    /// The families by turns, beginning with the one that the resolver prefers (RFC 8305 §4).
    static func interleaved(_ addresses: [SocketAddress]) -> [SocketAddress] {
        guard let first = addresses.first else { return [] }
        let preferred = addresses.filter { $0.family == first.family }
        let others = addresses.filter { $0.family != first.family }
        return (0..<max(preferred.count, others.count)).flatMap { index in
            [preferred, others].compactMap { $0.indices.contains(index) ? $0[index] : nil }
        }
    }
}
